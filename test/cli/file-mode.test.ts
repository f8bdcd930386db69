/** `--file-mode` and `--umask`: the operator says which permission bits new files and folders have. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { createServer } from "../../src/server/server.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { CLIENT, expectFailure, quietly, run, Served, SERVER } from "./support.ts";

const shown = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

test.each([
  // Small files go their own way; large ones can be continued.
  [
    "the bits of a file are those of the flag",
    ["--file-mode", "640", "--umask", "0"],
    "640",
    "750",
  ],
  ["the umask is taken from them", ["--file-mode", "0664", "--umask", "027"], "640", "750"],
  [
    "without the mode, the umask is taken from those of the client",
    ["--umask", "077"],
    "600",
    "700",
  ],
  [
    "in each process of a server",
    ["--file-mode", "660", "--umask", "7", "--workers", "2"],
    "660",
    "770",
  ],
])("%s", async (_, flags, fileMode, folderMode) => {
  await using served = await Served.start(["--durability", "none", ...flags]);
  using here = new TemporaryFolder();
  for (const [name, size] of [
    ["small", 3],
    ["large", 9 * MiB],
  ] as const) {
    chmodSync(here.file(`tree/in/${name}`, new Uint8Array(size)), 0o666);
    chmodSync(here.file(name, new Uint8Array(size)), 0o666);
  }
  mkdirSync(here.at("tree/empty"));
  for (const folder of ["tree", "tree/in", "tree/empty"]) chmodSync(here.at(folder), 0o777);
  const { address } = served.server;
  const leat = (...args: string[]) =>
    run([CLIENT, "client", "--server", address, ...args], { cwd: here.path });
  expect(await leat("upload", "small", "large")).toEqual(quietly());
  expect(await leat("upload", "-r", "tree")).toEqual(quietly());
  expect(await leat("sync", "tree", ":synced")).toEqual(quietly());
  expect(await leat("mkdir", "-p", "a/b")).toEqual(quietly());
  const modes = (...names: string[]) => names.map((name) => shown(served.library.at(name)));
  const files = [
    "small",
    "large",
    ...["tree", "synced"].flatMap((tree) => [`${tree}/in/small`, `${tree}/in/large`]),
  ];
  expect(modes(...files)).toEqual(files.map(() => fileMode));
  const folders = ["tree", "tree/in", "tree/empty", "synced", "synced/in", "a", "a/b"];
  expect(modes(...folders)).toEqual(folders.map(() => folderMode));
});

test("bits that no server could work with are refused", async () => {
  for (const [flag, value] of [
    ["--file-mode", "044"],
    ["--file-mode", "1640"],
    ["--file-mode", "8"],
    ["--umask", "700"],
    ["--umask", "100"],
    ["--umask", "u=rw"],
  ] as const) {
    expectFailure(await run([SERVER, "server", flag, value]), 2, /It should be permission bits/);
  }
  using folder = new TemporaryFolder();
  const error = await refusal(createServer({ library: folder.path, port: 0, fileMode: 0o44 }));
  expect([error.code, error.message]).toEqual([
    "INVALID_ARGUMENT",
    "fileMode is 36; it should be permission bits with which the owner reads and writes, in octal: 600 to 777",
  ]);
});

test("the settings show them as they are typed", async () => {
  const { stdout } = await run([SERVER, "server", "config", "--file-mode", "640", "--umask", "7"]);
  expect(stdout).toMatch(/\nfile-mode = "640" +# typed\n/);
  expect(stdout).toMatch(/\numask = "007" +# typed\n/);
});
