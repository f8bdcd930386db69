/** How far the transfer of a tree is, at a terminal and in a log. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { testTogether } from "../support/ways.ts";
import { AtTerminal, CLIENT, environment, leat, quietly, Served, Written } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

const SMALL = 10;

/** Small files, and one that takes its time. */
function plant(folder: TemporaryFolder, name: string): void {
  for (let index = 0; index < SMALL; index += 1) {
    folder.file(`${name}/a/${index}`, new Uint8Array(100_000));
  }
  folder.file(`${name}/large`, new Uint8Array(24 * MiB));
}

const command = (...args: string[]): string[] => [
  CLIENT,
  "client",
  "--server",
  served.server.address,
  "--limit-rate",
  "3M",
  ...args,
];

/** Ends with its scope. */
function start(here: TemporaryFolder, ...args: string[]) {
  const child = Bun.spawn(command(...args), {
    cwd: here.path,
    env: environment(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = new Written(child.stderr);
  const end = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    await stderr.ended;
  };
  return { stderr, end, [Symbol.asyncDispose]: end };
}

testTogether("at a terminal, files and bytes of all are shown as soon as known", async () => {
  using here = new TemporaryFolder();
  plant(served.library, "tree");
  plant(here, "tree");
  writeFileSync(here.at("list"), "large\na/1\na/2\n");
  const cwd = here.path;
  const get = command("get", "-r", "tree", "-o", "got", "--exclude", "1");
  await using fetching = new AtTerminal(get, { cwd });
  await using sending = new AtTerminal(command("upload", "-r", "tree", "-o", "sent"), { cwd });
  const listed = command("get", "--files-from", "list", "tree", "-o", "listed");
  await using listing = new AtTerminal(listed, { cwd });

  const of = (files: number, mebibytes: string): RegExp =>
    new RegExp(`\\d+/${files} files, \\S+/${mebibytes} MiB +\\d+% +\\S+ \\w+/s +\\d:\\d\\d`);
  const got = await fetching.screen.until(of(SMALL, "24.9"));
  expect(got).toMatch(/tree\/large +9\/10 files/);
  // Before that, what was moved.
  expect(got).toMatch(/tree\/\S+ +\d+ files?, \S+ \w+ +\S+ \w+\/s/);
  await sending.screen.until(of(SMALL + 1, "25.0"));
  await listing.screen.until(/tree\/large +2\/3 files, \S+ MiB +66% /);
});

testTogether("in a log, -v prints a line every few seconds", async () => {
  using here = new TemporaryFolder();
  plant(here, "tree");
  here.file("tree/bad\nname");
  for (const name of ["synced", "up"]) plant(here, name);
  served.library.file("synced/large", readFileSync(here.at("synced/large")).subarray(1));
  for (let index = 0; index < SMALL; index += 1) here.file(`synced/a/${index}`, "same");
  const same = ["sync", "synced/a", ":synced/a"];
  expect(await leat(here.path, ["client", "--server", served.server.address, ...same])).toEqual(
    quietly(),
  );
  await using sending = start(here, "-v", "upload", "-r", "tree", "-o", "logged");
  await using syncing = start(here, "-v", "sync", "synced", ":synced");
  await using silent = start(here, "upload", "-r", "up");

  await sending.stderr.until(
    /^leat: upload: \d+\/11 files, \S+\/25\.0 MiB, \d+%, \S+ MiB\/s, \d:\d\d left, 1 failed; now tree\/large$/m,
  );
  // What is the same at both ends counts as done.
  await syncing.stderr.until(
    /^leat: sync: 10\/11 files, \S+\/24\.0 MiB, \d+%, \S+ MiB\/s, \d:\d\d left; now synced\/large$/m,
  );
  await silent.end();
  expect(silent.stderr.text).toBe(
    "leat: interrupted; the same command with --if-exists skip continues\n",
  );
});
