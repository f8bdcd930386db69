import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, utimesSync } from "node:fs";
import { crc32 } from "node:zlib";
import { TLS_FILES } from "../support/tls.ts";
import { ELSEWHERE, testExcept } from "../support/ways.ts";
import {
  client,
  CLIENT,
  environment,
  expectFailure,
  quietly,
  run,
  Served,
  Written,
} from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

describe("list", () => {
  test("says on stderr that a library is empty", async () => {
    await using empty = await Served.start();
    const ran = await empty.client(["list"]);
    expect(ran).toEqual({
      code: 0,
      stdout: "",
      stderr: 'leat: list: the library is empty, or all its names begin with "." (-a shows them)\n',
    });
    expect(await empty.client(["list", "-q"])).toEqual(quietly());
  });

  test("shows names, folders with a slash, and dot names when asked", async () => {
    const { file } = served.corner("names");
    file("b.txt", "bb");
    file("a b.txt", "a");
    file(".hidden", "");
    file("sub/deep.txt", "");
    expect(await served.client(["list", "names"])).toEqual(quietly("a b.txt\nb.txt\nsub/\n"));
    expect(await served.client(["ls", "-a", "./names/"])).toEqual(
      quietly(".hidden\na b.txt\nb.txt\nsub/\n"),
    );
    expect((await served.client(["ls", "."])).stdout).toContain("names/\n");
  });

  test("shows sizes and times, aligned, and as JSON", async () => {
    const { file } = served.corner("long");
    utimesSync(file("a", "12345"), 0, 1_700_000_000);
    utimesSync(file("b", "1"), 0, 1_700_000_000.5);
    expect(await served.client(["list", "--long", "long"])).toEqual(
      quietly("5  2023-11-14T22:13:20Z  a\n1  2023-11-14T22:13:20Z  b\n"),
    );
    const { stdout } = await served.client(["list", "--json", "long"]);
    const [a, b] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(a).toEqual({
      name: "a",
      kind: "file",
      size: 5,
      modified: "2023-11-14T22:13:20Z",
      mode: expect.stringMatching(/^0[0-7]{3}$/),
    });
    expect(b.modified).toBe("2023-11-14T22:13:20.5Z");
  });

  test("takes its flags from the environment, too", async () => {
    served.corner("environment").file(".hidden", "");
    const env = { LEAT_SERVER: served.server.address, LEAT_ALL: "true" };
    const command = [CLIENT, "client", "list", "environment"];
    expect(await run(command, { env })).toEqual(quietly(".hidden\n"));
    const off = await run(command, { env: { ...env, LEAT_ALL: "0", LEAT_QUIET: "1" } });
    expect(off).toEqual(quietly());
  });

  test("shows a file, as ls does", async () => {
    const { file } = served.corner("one");
    utimesSync(file("f", "x".repeat(2048)), 0, 1_700_000_000);
    expect(await served.client(["list", "one/f"])).toEqual(quietly("one/f\n"));
    const long = quietly("2048  2023-11-14T22:13:20Z  one/f\n");
    expect(await served.client(["ls", "-l", "/one/f"])).toEqual(long);
    const { stdout } = await served.client(["list", "--json", "one/f"]);
    expect(JSON.parse(stdout)).toMatchObject({ name: "f", kind: "file", size: 2048 });
  });

  test("shows several, the files first, then folder by folder", async () => {
    const { file } = served.corner("several");
    for (const name of ["b", "one/x", "two/y", "a"]) file(name, "");
    const paths = ["one", "b", "two/", "a"].map((name) => `several/${name}`);
    expect(await served.client(["list", ...paths])).toEqual(
      quietly("several/b\nseveral/a\n\nseveral/one:\nx\n\nseveral/two:\ny\n"),
    );
    const ran = await served.client(["list", "--json", "nope", ...paths]);
    expect(ran.code).toBe(12);
    expect(ran.stderr).toMatch(/^leat: list: there is no "nope" \(NOT_FOUND\)\n$/);
    const names = ran.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toEqual(["b", "a", "one/x", "two/y"].map((name) => `several/${name}`));
  });

  test("-h shows sizes as people read them, and --help the help", async () => {
    const { file } = served.corner("sizes");
    for (const [name, size] of [
      ["a", 5],
      ["b", 2048],
      ["c", 3 << 20],
    ] as const) {
      utimesSync(file(name, new Uint8Array(size)), 0, 1_700_000_000);
    }
    const time = "2023-11-14T22:13:20Z";
    const shown = `     5 B  ${time}  a\n2.00 KiB  ${time}  b\n3.00 MiB  ${time}  c\n`;
    expect(await served.client(["list", "-lh", "sizes"])).toEqual(quietly(shown));
    expect(await served.client(["ls", "-l", "--human-readable", "sizes"])).toEqual(quietly(shown));
    expect(await served.client(["ls", "-h", "sizes"])).toEqual(quietly("a\nb\nc\n"));
    expect((await served.client(["list", "--help"])).stdout).toStartWith("Usage: leat client list");
    expect((await served.client(["-h"])).stdout).toStartWith("Usage: leat client [options]");
  });

  test("ends without a word when its reader has seen enough, and tells so by its code", async () => {
    const { file } = served.corner("many");
    // More than a pipe holds.
    for (let i = 0; i < 1500; i++) file(`${"long-".repeat(10)}${i}`, "");
    const script = `bun run client --server ${served.server.address} list many | head -n 1
      echo "$?" "\${PIPESTATUS[0]}"`;
    const ran = await run(["bash", "-c", script]);
    expect(ran).toEqual(quietly(`${"long-".repeat(10)}0\n0 141\n`));
  });
});

describe("the others", () => {
  test("stat shows everything about a name", async () => {
    const { file } = served.corner("stat");
    utimesSync(file("f", "x".repeat(2048)), 0, 1_700_000_000);
    const ran = await served.client(["stat", "stat/f"]);
    expect(ran.stdout).toMatch(
      /^path {6}stat\/f\nkind {6}file\nsize {6}2048 bytes \(2\.00 KiB\)\nmodified {2}2023-11-14T22:13:20Z\nmode {6}0\d{3}\nversion {3}\S+\n$/,
    );
    const { stdout } = await served.client(["stat", "--json", "stat", "stat/f"]);
    const [folder, one] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(folder).toMatchObject({ path: "stat", kind: "directory" });
    expect(one).toMatchObject({ path: "stat/f", size: 2048, version: expect.any(String) });
  });

  test("mkdir, rename and remove", async () => {
    const { file, has } = served.corner("change");
    file("f", "f");
    file("g", "g");
    const change = (...args: string[]) => served.client(args);
    expectFailure(
      await change("mkdir", "change/a/b"),
      12,
      'leat: mkdir: change/a/b: there is no "change/a" (NOT_FOUND); -p makes the folders above it, too',
    );
    expect(await change("mkdir", "-p", "change/a/b")).toEqual(quietly());
    expect(await change("mkdir", "-p", "change/a/b")).toEqual(quietly());
    expectFailure(await change("mkdir", "change/a"), 13, /\(ALREADY_EXISTS\)/);
    expect(await change("rename", "change/f", "change/a")).toEqual(quietly());
    expect(has("a/f")).toBe(true);
    expectFailure(
      await change("mv", "change/a/f", "change/g"),
      13,
      /\(ALREADY_EXISTS\); --if-exists replace writes over it\n$/,
    );
    expect(await change("mv", "change/a/f", "change/g", "--if-exists", "replace")).toEqual(
      quietly(),
    );
    expectFailure(
      await change("remove", "change/a"),
      18,
      /\(DIRECTORY_NOT_EMPTY\); -r also removes what is in it\n$/,
    );
    expect(await change("rm", "change/a/b", "change/a", "change/g")).toEqual(quietly());
    expect(has("g")).toBe(false);
  });

  test("checksum prints what sha256sum checks", async () => {
    const { file } = served.corner("sums");
    const path = file("f", "hello");
    const own = await run(["sha256sum", "sums/f"], { cwd: served.library.path });
    expect(await served.client(["checksum", "sums/f"])).toEqual(quietly(own.stdout));
    const crc = crc32(readFileSync(path)).toString(16).padStart(8, "0");
    expect(await served.client(["checksum", "--algorithm", "crc32", "sums/f"])).toEqual(
      quietly(`${crc}  sums/f\n`),
    );
  });

  const why = "a client sees what the process or thread that serves it does, or is served alone";
  testExcept([...ELSEWHERE, "iterative"], why)(
    "status --watch prints the rates until Ctrl-C",
    async () => {
      const file = served.library.file("watched", "x".repeat(1_000_000));
      const watch = (...more: string[]) => {
        const words = ["--server", served.server.address, "status", "--watch", "0.05", ...more];
        return Bun.spawn([CLIENT, "client", ...words], { env: environment(), stdout: "pipe" });
      };
      await using json = watch("--json");
      const lines = new Written(json.stdout);
      await lines.until("\n");
      expect((await served.client(["get", "watched", "-o", "-"])).code).toBe(0);
      await lines.until(/"sentRate":[1-9]/);
      json.kill("SIGINT");
      expect(await json.exited).toBe(130);
      await using text = watch();
      await new Written(text.stdout).until(/^ +connections +requests .*\n +\d+ +1 +0 B +0 B /);
      rmSync(file);
    },
  );

  test("status and ping", async () => {
    const { stdout } = await served.client(["status", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      server: served.server.address,
      agent: "leat/0.1.0",
      connections: 1,
      readOnly: false,
      durability: "fsync",
    });
    const told = await served.client(["status"]);
    expect(told.stdout).toContain(`server      ${served.server.address} (leat/0.1.0)\n`);
    const pong = await served.client(["ping"]);
    expect(pong.stdout).toMatch(/^pong from (tls:\/\/)?127\.0\.0\.1:\d+ in [\d.]+ ms\n$/);
  });

  test("a server is named in several ways", async () => {
    const { port } = served.server;
    const kind = TLS_FILES === undefined ? "" : "tls://";
    const names = [`127.0.0.1:${port}`, `localhost:${port}`, `:${port}`];
    if (kind === "") names.push(`tcp://127.0.0.1:${port}`);
    for (const name of names.map((one) => `${kind}${one}`)) {
      expect((await client(name, ["ping"])).code).toBe(0);
    }
  });
});
