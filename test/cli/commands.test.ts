import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { crc32 } from "node:zlib";
import { TemporaryFolder } from "../support/folder.ts";
import { type Ran, Served, client, expectFailure, leat, run } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

const quietly = (stdout = ""): Ran => ({ code: 0, stdout, stderr: "" });

/** A folder of the library for one test, and the commands in it. */
function corner(name: string) {
  const { library } = served;
  library.folder(name);
  return {
    file: (file: string, contents: string | Uint8Array) =>
      library.file(`${name}/${file}`, contents),
    has: (file: string) => existsSync(library.at(name, file)),
    text: (file: string) => readFileSync(library.at(name, file), "utf8"),
  };
}

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
    const { file } = corner("names");
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
    const { file } = corner("long");
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
    corner("environment").file(".hidden", "");
    const env = { LEAT_SERVER: served.server.address, LEAT_ALL: "true" };
    const command = ["bun", "run", "client", "list", "environment"];
    expect(await run(command, { env })).toEqual(quietly(".hidden\n"));
    const off = await run(command, { env: { ...env, LEAT_ALL: "0", LEAT_QUIET: "1" } });
    expect(off).toEqual(quietly());
  });

  test("ends quietly when its reader has seen enough", async () => {
    const { file } = corner("many");
    // More than a pipe holds.
    for (let i = 0; i < 1500; i++) file(`${"long-".repeat(10)}${i}`, "");
    const script = `bun run client --server ${served.server.address} list many | head -n 1
      echo "$?" "\${PIPESTATUS[0]}"`;
    const ran = await run(["bash", "-c", script]);
    expect(ran).toEqual(quietly(`${"long-".repeat(10)}0\n0 0\n`));
  });
});

describe("get", () => {
  const bytes = randomBytes(3_000_001);

  test("writes ./NAME, whole, with the time it had, and replaces what is there", async () => {
    using here = new TemporaryFolder();
    const source = corner("get").file("foo.bin", bytes);
    utimesSync(source, 0, 1_600_000_000);
    here.file("foo.bin", "old");
    const args = ["client", "--server", served.server.address, "get", "get/foo.bin"];
    expect(await leat(here.path, args)).toEqual(quietly());
    expect(readFileSync(here.at("foo.bin")).equals(bytes)).toBe(true);
    expect(Bun.file(here.at("foo.bin")).lastModified).toBe(1_600_000_000_000);
    expect(readdirSync(here.path)).toEqual(["foo.bin"]);
  });

  test("writes several into a folder, under their last segments", async () => {
    using here = new TemporaryFolder();
    const { file } = corner("several");
    file("a", "A");
    file("sub/b", "B");
    const names = ["several/a", "./several/sub/b"];
    expect(await served.client(["get", ...names, "--to", here.path])).toEqual(quietly());
    expect(readFileSync(here.at("a"), "utf8")).toBe("A");
    expect(readFileSync(here.at("b"), "utf8")).toBe("B");
    const missing = here.at("missing");
    expectFailure(
      await served.client(["get", ...names, "-o", missing]),
      12,
      `leat: get: several files need a folder, and "${missing}" will not do: there is none of that name (NOT_FOUND); list shows what there is`,
    );
    expectFailure(
      await served.client(["get", ...names, "-o", here.at("a")]),
      17,
      /it is not one \(NOT_A_DIRECTORY\)/,
    );
  });

  test("refuses to write two files to one name", async () => {
    using here = new TemporaryFolder();
    const { file } = corner("twins");
    file("x", "1");
    file("sub/x", "2");
    const ran = await served.client(["get", "twins/x", "twins/sub/x", "-o", here.path]);
    expectFailure(ran, 2, /^leat: get: two of these would become ".*\/x": name one by itself\n$/);
    expect(readdirSync(here.path)).toEqual([]);
  });

  test("tells about every file that failed, fetches the others, ends with 3 or the one code", async () => {
    using here = new TemporaryFolder();
    const { file } = corner("mixed");
    file("good", "good");
    file("folder/x", "");
    const ran = await served.client([
      "get",
      "mixed/nope",
      "mixed/good",
      "mixed/folder",
      "-o",
      here.path,
    ]);
    expect(ran.code).toBe(3);
    expect(ran.stderr.trim().split("\n").toSorted()).toEqual([
      'leat: get: "mixed/folder" is a folder (IS_A_DIRECTORY); get fetches files: list shows what is in a folder',
      'leat: get: there is no "mixed/nope" (NOT_FOUND); list shows what there is',
    ]);
    expect(readdirSync(here.path)).toEqual(["good"]);
    const same = await served.client(["get", "mixed/nope", "mixed/no", "-o", here.path]);
    expect(same.code).toBe(12);
  });

  test("fails, skips or replaces when the local name is taken", async () => {
    using here = new TemporaryFolder();
    corner("taken").file("f", "new");
    const local = here.file("f", "old");
    const get = (...flags: string[]) => served.client(["get", "taken/f", "-o", local, ...flags]);
    expectFailure(
      await get("--if-exists", "fail"),
      13,
      `leat: get: taken/f: "${local}" exists already (ALREADY_EXISTS); --if-exists replace writes over it`,
    );
    expect(await get("--if-exists", "skip")).toEqual(quietly());
    expect(readFileSync(local, "utf8")).toBe("old");
    expect(await get("--if-exists", "replace", "--durability", "none")).toEqual(quietly());
    expect(readFileSync(local, "utf8")).toBe("new");
    expect(readdirSync(here.path)).toEqual(["f"]);
  });

  test("writes verified bytes to stdout, several one after another", async () => {
    const { file } = corner("stdout");
    file("a", bytes);
    file("b", "the end");
    const script = `bun run client --server ${served.server.address} get stdout/a stdout/b -o - | sha256sum`;
    const ran = await run(["bash", "-c", script]);
    const digest = createHash("sha256").update(bytes).update("the end").digest("hex");
    expect(ran).toEqual(quietly(`${digest}  -\n`));
    for (const command of ["get stdout/a -o -", "list", "ping"]) {
      const line = `bun run client --server ${served.server.address} ${command} > /dev/full`;
      const full = await run(["bash", "-c", line]);
      expectFailure(full, 25, /cannot write to stdout: no space is left on the disk \(NO_SPACE\)/);
    }
  });

  test("tells what it did as JSON", async () => {
    using here = new TemporaryFolder();
    corner("json").file("f", "12345");
    const ran = await served.client(["get", "json/f", "-o", here.at("x"), "--json"]);
    expect(JSON.parse(ran.stdout)).toEqual({
      path: "json/f",
      file: here.at("x"),
      size: 5,
      version: expect.any(String),
      skipped: false,
      milliseconds: expect.any(Number),
    });
    const both = await served.client(["get", "json/f", "-o", "-", "--json"]);
    expectFailure(both, 2, /would both write to stdout/);
  });

  test("says what it did without a terminal when asked", async () => {
    using here = new TemporaryFolder();
    corner("verbose").file("f", "12345");
    const ran = await served.client(["get", "verbose/f", "-o", here.path, "-v"]);
    expect(ran.stderr).toMatch(/^verbose\/f {2}5 B in \d+ ms, verified, on disk\n$/);
  });
});

describe("upload", () => {
  test("puts a file under its own name, another, or into a folder", async () => {
    using here = new TemporaryFolder();
    const { text } = corner("up");
    const local = here.file("own.txt", "own");
    const up = (...args: string[]) => served.client(["upload", local, ...args]);
    const results = await Promise.all([up(), up("--to", "up/other.txt"), up("-o", "up/")]);
    expect(results).toEqual([quietly(), quietly(), quietly()]);
    expectFailure(await up("-o", "./up"), 13, /"up\/own.txt" exists already/);
    expect(readFileSync(served.library.at("own.txt"), "utf8")).toBe("own");
    expect([text("other.txt"), text("own.txt")]).toEqual(["own", "own"]);
  });

  test("refuses a name that exists unless told otherwise", async () => {
    using here = new TemporaryFolder();
    const { file, text } = corner("exists");
    file("f", "old");
    const local = here.file("f", "new");
    const up = (...flags: string[]) =>
      served.client(["upload", local, "--to", "exists/f", ...flags]);
    expectFailure(
      await up(),
      13,
      `leat: upload: ${local}: "exists/f" exists already (ALREADY_EXISTS); --if-exists replace writes over it`,
    );
    const skipped = await up("--if-exists", "skip", "--json");
    expect(JSON.parse(skipped.stdout)).toMatchObject({ path: "exists/f", size: 3, skipped: true });
    expect(text("f")).toBe("old");
    expect(await up("--if-exists", "replace")).toEqual(quietly());
    expect(text("f")).toBe("new");
  });

  test("takes standard input, empty and large, and a name for it", async () => {
    const { text, has } = corner("stdin");
    const long = "0123456789".repeat(400_000);
    const put = (name: string, stdin: string) =>
      served.client(["put", "-", "--to", `stdin/${name}`], { stdin });
    expect(await put("empty", "")).toEqual(quietly());
    expect(await put("long", long)).toEqual(quietly());
    expect(text("empty")).toBe("");
    expect(text("long") === long).toBe(true);
    const nameless = "leat: upload: standard input has no name: say --to NAME";
    expectFailure(await served.client(["put", "-"], { stdin: "x" }), 2, nameless);
    expectFailure(await served.client(["put", "-", "-o", "stdin/"], { stdin: "x" }), 2, nameless);
    expectFailure(
      await served.client(["put", "-", "a", "-o", "b"], { stdin: "" }),
      2,
      /goes alone/,
    );
    expect(has("x")).toBe(false);
  });

  test("sends several, links followed, into a folder", async () => {
    using here = new TemporaryFolder();
    const { text } = corner("uploads");
    const a = here.file("a", "A");
    symlinkSync(a, here.at("b"));
    const ran = await served.client(["upload", a, here.at("b"), "-o", "uploads", "-v"]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/\n2 files {2}2 B in \d+ ms, on disk\n$/);
    expect([text("a"), text("b")]).toEqual(["A", "A"]);
    expectFailure(
      await served.client(["upload", a, here.at("b"), "-o", "uploads/none"]),
      12,
      /several files need a folder/,
    );
  });

  test("says what the receipt says", async () => {
    using here = new TemporaryFolder();
    await using loose = await Served.start(["--durability", "none"]);
    const local = here.file("f", "12345");
    const told = await loose.client(["upload", local, "-v"]);
    expect(told.stderr).toMatch(
      /5 B in .*, not synced \(the server runs with --durability none\)\n$/,
    );
    const { stdout } = await served.client(["upload", local, "-o", "receipt", "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      path: "receipt",
      size: 5,
      version: expect.any(String),
      crc32: crc32("12345").toString(16).padStart(8, "0"),
      durability: "fsync",
      skipped: false,
      milliseconds: expect.any(Number),
    });
  });
});

describe("the others", () => {
  test("stat shows everything about a name", async () => {
    const { file } = corner("stat");
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
    const { file, has } = corner("change");
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
      /\(DIRECTORY_NOT_EMPTY\); remove what is in it first\n$/,
    );
    expect(await change("rm", "change/a/b", "change/a", "change/g")).toEqual(quietly());
    expect(has("g")).toBe(false);
  });

  test("checksum prints what sha256sum checks", async () => {
    const { file } = corner("sums");
    const path = file("f", "hello");
    const own = await run(["sha256sum", "sums/f"], { cwd: served.library.path });
    expect(await served.client(["checksum", "sums/f"])).toEqual(quietly(own.stdout));
    const crc = crc32(readFileSync(path)).toString(16).padStart(8, "0");
    expect(await served.client(["checksum", "--algorithm", "crc32", "sums/f"])).toEqual(
      quietly(`${crc}  sums/f\n`),
    );
  });

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
    expect(pong.stdout).toMatch(/^pong from 127\.0\.0\.1:\d+ in [\d.]+ ms\n$/);
  });

  test("a server is named in several ways", async () => {
    const { port, address } = served.server;
    for (const name of [`tcp://${address}`, `localhost:${port}`, `:${port}`]) {
      expect((await client(name, ["ping"])).code).toBe(0);
    }
  });
});
