/** `--files-from`: names of files, which keep their places. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { expectFailure, leat, quietly, type Ran, type RunOptions, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
  plant(served.library, "p");
});
afterAll(() => served[Symbol.asyncDispose]());

const NAMES = ["a", "b/c", "b/d/e", "b/d/f g", "-rf", "ü 😀/[1]*", "#x"];

function plant(at: TemporaryFolder, folder: string): void {
  for (const name of NAMES) at.file(`${folder}/${name}`, name);
  at.folder(`${folder}/empty`);
}

const run = (here: TemporaryFolder, args: readonly string[], options?: RunOptions): Promise<Ran> =>
  leat(here.path, ["client", "--server", served.server.address, ...args], options);

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

/** Everything below a folder, in order; folders end in "/". */
const below = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => (lstatSync(`${path}/${name}`).isDirectory() ? `${name}/` : name))
    .toSorted();

describe("get", () => {
  test("takes names relative to a folder, and keeps their places", async () => {
    using here = new TemporaryFolder();
    here.file("list", lines("a", "./b//d/e".replace("//", "/"), "", "-rf", "ü 😀/[1]*", "#x", "a"));
    const args = ["get", "--files-from", "list", "p", "-o", "to/new"];
    expect(await run(here, args)).toEqual(quietly());
    const expected = ["#x", "-rf", "a", "b/", "b/d/", "b/d/e", "ü 😀/", "ü 😀/[1]*"];
    expect(below(here.at("to/new"))).toEqual(expected.toSorted());
  });

  test("reads stdin, and what list -r prints: folders are only made", async () => {
    using here = new TemporaryFolder();
    const { stdout } = await run(here, ["list", "-r", "p"]);
    const stdin = stdout.replaceAll("p/b/d/e\n", "");
    expect(await run(here, ["get", "--files-from", "-"], { stdin })).toEqual(quietly());
    const all = below(served.library.at("p")).filter((name) => name !== "b/d/e");
    expect(below(here.at("p"))).toEqual(all);
    // With -r, all that is in them.
    const whole = await run(here, ["get", "-r", "--files-from", "-", "p"], { stdin: "b\n" });
    expect(whole).toEqual(quietly());
    expect(below(here.at("b"))).toEqual(["c", "d/", "d/e", "d/f g"]);
  });

  test("-0 ends names with NUL, and a newline in a name is refused", async () => {
    using here = new TemporaryFolder();
    const stdin = "a\0b/d/f g\0new\nline\0";
    const ran = await run(here, ["get", "-0", "--files-from", "-", "p"], { stdin });
    expectFailure(ran, 11, /control character U\+000A .*\(INVALID_NAME\)/);
    expect(below(here.path)).toEqual(["a", "b/", "b/d/", "b/d/f g"]);
  });

  test("names what is missing, and refuses to leave the folder", async () => {
    using here = new TemporaryFolder();
    const stdin = lines("nope", "../p/a", "b/../a", "a", "/b/c");
    const ran = await run(here, ["get", "--files-from", "-", "p"], { stdin });
    expect(ran.code).toBe(3);
    expect(ran.stderr.split("\n").filter(Boolean)).toHaveLength(3);
    expect(ran.stderr).toContain('there is no "p/nope"');
    expect(below(here.path)).toEqual(["a", "b/", "b/c"]);
  });

  test("--exclude and --if-exists count", async () => {
    using here = new TemporaryFolder();
    here.file("a", "mine");
    const stdin = lines("a", "b/c", "b/d/e");
    const args = ["get", "--files-from", "-", "p", "--exclude", "d", "--if-exists", "skip"];
    expect(await run(here, args, { stdin })).toEqual(quietly());
    expect(below(here.path)).toEqual(["a", "b/", "b/c"]);
    expect(await Bun.file(here.at("a")).text()).toBe("mine");
  });

  test.each([
    [["get"], 2, /^leat: get: missing required argument 'REMOTE'/],
    [["get", "-0", "a"], 2, /add it/],
    [["get", "--files-from", "list", "p", "q"], 2, /only the folder/],
    [["get", "--files-from", "list", "-o", "-"], 2, /--to - none/],
    [["get", "--files-from", "none"], 12, /cannot read the names in "none"/],
    [["get", "--files-from", "latin1"], 11, /names that are not UTF-8/],
  ] as const)("%j is refused", async (args, code, message) => {
    using here = new TemporaryFolder();
    here.file("list", "a\n");
    writeFileSync(here.at("latin1"), Buffer.from("\xff\n", "latin1"));
    expectFailure(await run(here, args), code, message);
  });
});

describe("upload", () => {
  test("takes names relative to a folder, and keeps their places", async () => {
    using here = new TemporaryFolder();
    plant(here, "p");
    const stdin = lines(".", "./b", "./b/d/f g", "./-rf", "./ü 😀/[1]*", "nope", "./empty/");
    const ran = await run(here, ["upload", "--files-from", "-", "p", "-o", "up/to"], { stdin });
    expectFailure(ran, 12, /nope.*\(NOT_FOUND\)/);
    const expected = ["-rf", "b/", "b/d/", "b/d/f g", "empty/", "ü 😀/", "ü 😀/[1]*"];
    expect(below(served.library.at("up/to"))).toEqual(expected.toSorted());
    expect(existsSync(served.library.at("up/to/b/c"))).toBe(false);
  });

  test("a list of many names in many folders", async () => {
    using here = new TemporaryFolder();
    const names = Array.from({ length: 400 }, (_, index) => `${index % 150}/x/${index}`);
    for (const name of names) here.file(`many/${name}`, name);
    const stdin = lines(...names);
    const up = await run(here, ["upload", "--files-from", "-", "many", "-o", "many"], { stdin });
    expect(up).toEqual(quietly());
    const down = await run(here, ["get", "--files-from", "-", "many", "-o", "back"], { stdin });
    expect(down).toEqual(quietly());
    expect(below(here.at("back"))).toEqual(below(here.at("many")));
  });
});

test("in the shell, a list is a local file", async () => {
  using here = new TemporaryFolder();
  here.file("list", lines("c", "d/e"));
  const shell = (stdin: string) => run(here, [], { stdin });
  expect(await shell("cd p/b\nget --files-from list\n")).toEqual(quietly());
  expect(below(here.path)).toEqual(["c", "d/", "d/e", "list"]);
  expect(await shell("get --files-from -\n")).toMatchObject({ code: 2 });
});
