/** --exclude, --include and --jobs of `get -r` and `upload -r`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lstatSync, readdirSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { expectFailure, leat, quietly, type Ran, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
  plant(served.library);
});
afterAll(() => served[Symbol.asyncDispose]());

function plant(at: TemporaryFolder): void {
  for (const name of [
    "a.txt",
    "a.tmp",
    "node_modules/x/y.js",
    "src/b.ts",
    "src/b.tmp",
    "src/keep.tmp",
    "src/node_modules/z",
    "src/out/deep/c",
    "out/d",
    "ü [1]/e.txt",
  ]) {
    at.file(`p/${name}`, name);
  }
  at.file("p/large.tmp", new Uint8Array(100_000));
}

const client = (here: TemporaryFolder, ...args: string[]): Promise<Ran> =>
  leat(here.path, ["client", "--server", served.server.address, ...args]);

/** The files below a folder, in order. */
const files = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => lstatSync(`${path}/${name}`).isFile())
    .toSorted();

const CHOICES = [
  {
    flags: ["--exclude", "*.tmp", "--exclude", "node_modules", "--include", "keep.tmp"],
    expected: ["a.txt", "out/d", "src/b.ts", "src/keep.tmp", "src/out/deep/c", "ü [1]/e.txt"],
  },
  {
    flags: ["--exclude", "/out", "--exclude", "node_modules/", "--exclude", "*.tmp"],
    expected: ["a.txt", "src/b.ts", "src/out/deep/c", "ü [1]/e.txt"],
  },
  {
    flags: ["--exclude", "*", "--include", "*/", "--include", "*.ts"],
    expected: ["src/b.ts"],
  },
  {
    flags: ["--exclude", "p", "--exclude", "src", "--exclude", "\\[*", "--exclude", "*.tmp"],
    expected: ["a.txt", "node_modules/x/y.js", "out/d", "ü [1]/e.txt"],
  },
];

describe.each(CHOICES)("$flags", ({ flags, expected }) => {
  test("get -r", async () => {
    using here = new TemporaryFolder();
    here.folder("to");
    expect(await client(here, "get", "-r", "p/.", "-o", "to", ...flags)).toEqual(quietly());
    expect(files(here.at("to"))).toEqual(expected);
    // A folder that is left out is not made, and one that is included is made, even if it is empty then.
    const isTaken = flags.includes("*/") || flags.includes("p");
    expect(readdirSync(here.at("to")).includes("node_modules")).toBe(isTaken);
  });

  test("upload -r", async () => {
    using here = new TemporaryFolder();
    plant(here);
    const to = `up ${flags.join("").replaceAll("/", "")}`;
    served.library.folder(to);
    expect(await client(here, "upload", "-r", "p/.", "-o", to, ...flags)).toEqual(quietly());
    expect(files(served.library.at(to))).toEqual(expected);
  });
});

test("names that are given, or that a pattern matches, can be left out, too", async () => {
  using here = new TemporaryFolder();
  expect(await client(here, "get", "-r", "p/*", "--exclude", "*s/", "--exclude", "*.tmp")).toEqual(
    quietly(),
  );
  expect(readdirSync(here.path).toSorted()).toEqual(["a.txt", "out", "src", "ü [1]"]);
  expect(await client(here, "upload", "-r", "src", "out", "a.txt", "--exclude", "out")).toEqual(
    quietly(),
  );
  expect(files(served.library.at("src"))).toEqual(["b.ts"]);
  expect(readdirSync(served.library.path)).not.toContain("out");
});

test("need -r", async () => {
  using here = new TemporaryFolder();
  expectFailure(await client(here, "get", "p/a.txt", "--exclude", "x"), 2, /add -r/);
  expectFailure(await client(here, "get", "p/a.txt", "--exclude", ""), 2, /empty/);
  expectFailure(await client(here, "get", "p/a.txt", "--jobs", "0"), 2, /1 or more/);
});

test("--jobs 1 moves everything", async () => {
  using here = new TemporaryFolder();
  expect(await client(here, "get", "-r", "p", "--jobs", "1")).toEqual(quietly());
  expect(files(here.at("p"))).toHaveLength(11);
  expect(await client(here, "get", "p/a.txt", "p/a.tmp", "--jobs", "1")).toEqual(quietly());
  expect(await client(here, "upload", "-r", "p", "-o", "jobs", "--jobs", "2")).toEqual(quietly());
  expect(files(served.library.at("jobs"))).toEqual(files(here.at("p")));
});

test("getTree and putTree leave out, but never the root itself", async () => {
  using here = new TemporaryFolder();
  await using leat = await connect(served.server.address);
  const exclude = ["p", "*.tmp", "node_modules"];
  expect(await leat.getTree("p", here.at("p"), { exclude })).toMatchObject({
    files: 5,
    folders: 6,
  });
  expect(await leat.putTree(here.at("p"), "put/p", { exclude })).toMatchObject({ files: 5 });
});
