import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { crc32 } from "node:zlib";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, expectFailure, leat, quietly, run, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

describe("get", () => {
  const bytes = randomBytes(3_000_001);

  test("writes ./NAME, whole, with the time it had, and replaces what is there", async () => {
    using here = new TemporaryFolder();
    const source = served.corner("get").file("foo.bin", bytes);
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
    const { file } = served.corner("several");
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
      `leat: get: several files need a folder, and "${missing}" will not do: there is none of that name (NOT_FOUND)`,
    );
    expectFailure(
      await served.client(["get", ...names, "-o", here.at("a")]),
      17,
      /it is not one \(NOT_A_DIRECTORY\)/,
    );
  });

  test("refuses to write two files to one name", async () => {
    using here = new TemporaryFolder();
    const { file } = served.corner("twins");
    file("x", "1");
    file("sub/x", "2");
    const ran = await served.client(["get", "twins/x", "twins/sub/x", "-o", here.path]);
    expectFailure(ran, 2, /^leat: get: two of these would become ".*\/x": name one by itself\n$/);
    expect(readdirSync(here.path)).toEqual([]);
  });

  test("tells about every file that failed, fetches the others, ends with 3 or the one code", async () => {
    using here = new TemporaryFolder();
    const { file } = served.corner("mixed");
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
      'leat: get: "mixed/folder" is a folder (IS_A_DIRECTORY); -r fetches folders',
      'leat: get: there is no "mixed/nope" (NOT_FOUND); list shows what there is',
    ]);
    expect(readdirSync(here.path)).toEqual(["good"]);
    const same = await served.client(["get", "mixed/nope", "mixed/no", "-o", here.path]);
    expect(same.code).toBe(12);
  });

  test("--allow-growth fetches a log that is written to all the time: to a file, a folder, stdout", async () => {
    using here = new TemporaryFolder();
    const log = served.corner("growing").file("log", "line\n".repeat(5_000_000));
    const writer = setInterval(() => appendFileSync(log, "line\n"), 1);
    try {
      const get = (...args: string[]) => served.client(["get", "--allow-growth", ...args]);
      expect(await get("growing/log", "-o", here.at("log"))).toEqual(quietly());
      expect(await get("-r", "growing", "-o", here.at("tree"))).toEqual(quietly());
      const out = await get("growing/log", "-o", "-");
      expect({ ...out, stdout: "" }).toEqual(quietly());
      for (const text of [readFileSync(here.at("log"), "utf8"), out.stdout]) {
        expect(text.length).toBeGreaterThanOrEqual(25_000_000);
        expect(text === "line\n".repeat(text.length / 5)).toBe(true);
      }
    } finally {
      clearInterval(writer);
    }
  });

  test("fails, skips or replaces when the local name is taken", async () => {
    using here = new TemporaryFolder();
    served.corner("taken").file("f", "new");
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
    const { file } = served.corner("stdout");
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
    served.corner("json").file("f", "12345");
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

  test("tells about hundreds to a reader that is slow", async () => {
    using here = new TemporaryFolder();
    const { file } = served.corner("hundreds");
    const names = Array.from({ length: 500 }, (_, i) => `${"long-".repeat(40)}${i}`);
    for (const name of names) file(name, "x");
    const paths = names.map((name) => `hundreds/${name}`);
    const args = ["get", ...paths, "-o", here.path, "--json", "--durability", "none"];
    const command = [CLIENT, "client", "--server", served.server.address, ...args];
    // More than the pipe holds, and read only when all files are there.
    const script = `"$@" | { while [ "$(ls ${here.path} | wc -l)" != 500 ]; do sleep 0.01; done; wc -l; }`;
    expect(await run(["bash", "-c", script, "bash", ...command])).toEqual(quietly("500\n"));
  });

  test("says what it did without a terminal when asked", async () => {
    using here = new TemporaryFolder();
    served.corner("verbose").file("f", "12345");
    const ran = await served.client(["get", "verbose/f", "-o", here.path, "-v"]);
    expect(ran.stderr).toMatch(
      /^verbose\/f {2}5 B in [\d.]+ m?s(, [\d.]+ B\/s)?, verified, on disk\n$/,
    );
  });
});

describe("upload", () => {
  test("puts a file under its own name, another, or into a folder", async () => {
    using here = new TemporaryFolder();
    const { text } = served.corner("up");
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
    const { file, text } = served.corner("exists");
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
    const { text, has } = served.corner("stdin");
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
      /cannot be sent together with files/,
    );
    expect(has("x")).toBe(false);
  });

  test("sends several, links followed, into a folder", async () => {
    using here = new TemporaryFolder();
    const { text } = served.corner("uploads");
    const a = here.file("a", "A");
    symlinkSync(a, here.at("b"));
    const ran = await served.client(["upload", a, here.at("b"), "-o", "uploads", "-v"]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/\n2 files {2}2 B in [\d.]+ m?s(, [\d,.]+ files\/s)?, on disk\n$/);
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
