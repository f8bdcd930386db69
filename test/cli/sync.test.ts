/** `leat client sync` as people run it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { AtTerminal, CLIENT, leat, quietly, type Ran, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

/** A folder of the library and one beside it, each new. */
class Sides extends TemporaryFolder {
  readonly name = `t${counter++}`;
  readonly remote = `:${this.name}`;

  sync(...args: readonly string[]): Promise<Ran> {
    return leat(this.path, ["client", "--server", served.server.address, "sync", ...args]);
  }

  /** A file in the library. */
  there(file: string, contents: string): string {
    return served.library.file(`${this.name}/${file}`, contents);
  }

  /** All names in the library. */
  get remoteNames(): string[] {
    return namesIn(served.library.at(this.name));
  }

  get localNames(): string[] {
    return namesIn(this.at("here"));
  }
}

let counter = 0;

const namesIn = (path: string): string[] =>
  existsSync(path) ? readdirSync(path, { recursive: true, encoding: "utf8" }).toSorted() : [];

const summaryOf = ({ stdout }: Ran) => JSON.parse(stdout.trim().split("\n").at(-1)!).summary;

test("brings what has changed, and nothing else", async () => {
  using sides = new Sides();
  sides.there("a", "one");
  sides.there("f/b", "two");
  served.library.folder(`${sides.name}/empty`);
  expect(await sides.sync(sides.remote, "here")).toEqual(quietly());
  expect(sides.localNames).toEqual(["a", "empty", "f", "f/b"]);

  const before = lstatSync(sides.at("here/f/b")).ino;
  sides.there("a", "other");
  sides.file("here/mine", "mine");
  const ran = await sides.sync(sides.remote, "here", "--json");
  expect(ran.stdout.split("\n")[0]).toMatch(
    /^{"action":"copy","path":"t\d+\/a","file":"here\/a","kind":"file","size":5,/,
  );
  expect(summaryOf(ran)).toMatchObject({ files: 1, folders: 0, bytes: 5, unchanged: 1, kept: 1 });
  expect(lstatSync(sides.at("here/f/b")).ino).toBe(before);
  expect(readFileSync(sides.at("here/mine"), "utf8")).toBe("mine");
});

test("sends what has changed, by any spelling of the folders", async () => {
  using sides = new Sides();
  sides.file("here/a", "one");
  sides.file("here/f/b", "two");
  expect(await sides.sync("here/", `:/${sides.name}/deep/er/`)).toEqual(quietly());
  expect(sides.remoteNames).toEqual(["deep", "deep/er", "deep/er/a", "deep/er/f", "deep/er/f/b"]);
  utimesSync(sides.at("here/a"), 0, 1_600_000_000);
  const ran = await sides.sync("./here", `:./${sides.name}/deep/er`, "--json");
  expect(summaryOf(ran)).toMatchObject({ files: 1, unchanged: 1, failed: 0 });
  expect(lstatSync(served.library.at(sides.name, "deep/er/a")).mtimeMs).toBe(1_600_000_000_000);
});

describe("--delete", () => {
  test("removes what is only in the target, in both directions", async () => {
    using sides = new Sides();
    sides.there("a", "one");
    sides.file("here/old/deep/x", "x");
    sides.file("here/gone", "x");
    expect(await sides.sync(sides.remote, "here", "--delete")).toEqual(quietly());
    expect(sides.localNames).toEqual(["a"]);
    sides.file("here/b", "two");
    rmSync(sides.at("here/a"));
    sides.there("f/g/h", "three");
    expect(await sides.sync("here", sides.remote, "--delete")).toEqual(quietly());
    expect(sides.remoteNames).toEqual(["b"]);
  });

  test("--max-delete is a bound for all of it", async () => {
    using sides = new Sides();
    sides.there("a", "one");
    for (const name of ["x", "y", "z/1"]) sides.file(`here/${name}`);
    const ran = await sides.sync(sides.remote, "here", "--delete", "--max-delete", "3");
    expect(ran.code).toBe(27);
    expect(ran.stderr).toMatch(
      /^leat: sync: [^\n]*4 files and folders would be removed[^\n]*\(PRECONDITION_FAILED\)[^\n]*\n$/,
    );
    expect(sides.localNames).toEqual(["a", "x", "y", "z", "z/1"]);
    const args = [sides.remote, "here", "--delete", "--max-delete", "4"];
    expect(await sides.sync(...args)).toEqual(quietly());
    expect(sides.localNames).toEqual(["a"]);
  });

  test("replaces what is of another kind, which is named without it", async () => {
    using sides = new Sides();
    sides.there("a/in it", "one");
    sides.there("b", "two");
    sides.file("here/a", "a file");
    sides.file("here/b/in it", "a folder");
    const ran = await sides.sync(sides.remote, "here");
    expect({ ...ran, stderr: ran.stderr.split("\n").length }).toEqual({
      code: 3,
      stdout: "",
      stderr: 3,
    });
    expect(ran.stderr).toContain(
      "is a folder in the source and a file in the target (NOT_A_DIRECTORY); --delete replaces it",
    );
    expect(sides.localNames).toEqual(["a", "b", "b/in it"]);
    expect(await sides.sync(sides.remote, "here", "--delete")).toEqual(quietly());
    expect(sides.localNames).toEqual(["a", "a/in it", "b"]);
  });

  test("is of two folders, whatever --delete may replace in them", async () => {
    using sides = new Sides();
    sides.there("a", "one");
    sides.file("here", "a file");
    const ran = await sides.sync(sides.remote, "here", "--delete");
    expect(ran).toMatchObject({ code: 17, stdout: "" });
    expect(ran.stderr).toEndWith(`and only folders are synced (NOT_A_DIRECTORY)\n`);
  });

  test("asks at a terminal, and removes only on a yes", async () => {
    using sides = new Sides();
    sides.there("a", "one");
    sides.file("here/x", "x");
    sides.file("here/z/y", "y");
    const command = [CLIENT, "client", "--server", served.server.address, "sync"];
    for (const [answer, kept] of [
      ["n", true],
      ["", true],
      ["y", false],
    ] as const) {
      await using terminal = new AtTerminal([...command, sides.remote, "here", "--delete"], {
        cwd: sides.path,
      });
      await terminal.screen.until(`remove 2 files and 1 folder of here (here/x is one)? [y/N] `);
      await terminal.type(`${answer}\r`, kept ? "3 only in the target" : "3 removed");
      expect(await terminal.exited).toBe(0);
      expect(existsSync(sides.at("here/z/y"))).toBe(kept);
    }
  });

  test("keeps what is in a folder of which the source cannot send all names", async () => {
    using sides = new Sides();
    sides.there("b", "two");
    sides.there("f/a", "one");
    writeFileSync(Buffer.from(`${served.library.at(sides.name, "f")}/\xff`, "latin1"), "odd");
    for (const name of ["f/x", "f/y/z", "g"]) sides.file(`here/${name}`);
    const ran = await sides.sync(sides.remote, "here", "--delete");
    expect(ran.code).toBe(11);
    expect(ran.stderr).toContain("1 names in");
    expect(sides.localNames).toEqual(["b", "f", "f/a", "f/x", "f/y", "f/y/z"]);
  });
});

test("--dry-run prints what would be done, and does nothing", async () => {
  using sides = new Sides();
  sides.there("a", "one");
  sides.there("new/b", "two");
  sides.file("here/old/x", "x");
  const ran = await sides.sync(sides.remote, "here", "--delete", "--dry-run");
  expect(ran.code).toBe(0);
  expect(ran.stdout).toBe(
    [
      "copy    here/a  3 B",
      "make    here/new/",
      "copy    here/new/b  3 B",
      "remove  here/old/x",
      "remove  here/old/",
      "",
    ].join("\n"),
  );
  expect(sides.localNames).toEqual(["old", "old/x"]);
  const up = await sides.sync("here", sides.remote, "-n");
  expect(up.stdout).toBe(`make    ${sides.name}/old/\ncopy    ${sides.name}/old/x  1 B\n`);
  expect(sides.remoteNames).toEqual(["a", "new", "new/b"]);
  expect((await sides.sync(sides.remote, "not there", "-n")).code).toBe(0);
  expect(existsSync(sides.at("not there"))).toBe(false);
});

describe("patterns", () => {
  test("leave out what they match, on both sides", async () => {
    using sides = new Sides();
    for (const name of ["a.o", "keep.o", "a.c", "node_modules/x/y", "f/node_modules/z", "F.O"]) {
      sides.there(name, name);
    }
    sides.file("here/mine.o", "mine");
    sides.file("here/gone/mine.o", "mine");
    const patterns = ["--exclude", "*.o", "--exclude", "node_modules/", "--include", "keep.o"];
    expect(await sides.sync(sides.remote, "here", "--delete", ...patterns)).toEqual(quietly());
    expect(sides.localNames).toEqual([
      "F.O",
      "a.c",
      "f",
      "gone",
      "gone/mine.o",
      "keep.o",
      "mine.o",
    ]);
  });

  test("of .leatignore in the local folder count in both directions", async () => {
    using sides = new Sides();
    sides.file("here/.leatignore", "# not these\n*.tmp\n/top\n");
    for (const name of ["a.tmp", "top", "f/top", "f/b.tmp"]) sides.file(`here/${name}`, name);
    expect(await sides.sync("here", sides.remote)).toEqual(quietly());
    expect(sides.remoteNames).toEqual([".leatignore", "f", "f/top"]);
    rmSync(served.library.at(sides.name, ".leatignore"));
    expect(await sides.sync(sides.remote, "here", "--delete")).toEqual(quietly());
    expect(sides.localNames).toEqual([".leatignore", "a.tmp", "f", "f/b.tmp", "f/top", "top"]);
  });
});

describe("which files", () => {
  /** Of the same size and time, with other contents; newer there; only on one side. */
  function plantAll(sides: Sides): void {
    utimesSync(sides.there("same size", "abc"), 0, 1_600_000_000);
    utimesSync(sides.file("here/same size", "xyz"), 0, 1_600_000_000);
    utimesSync(sides.there("newer here", "old"), 0, 1_600_000_000);
    sides.file("here/newer here", "new!");
    sides.there("new", "new");
  }

  test.each<[string, Record<string, string>]>([
    ["", { "same size": "xyz", "newer here": "old", new: "new" }],
    ["--checksum", { "same size": "abc", "newer here": "old", new: "new" }],
    ["--update", { "same size": "xyz", "newer here": "new!", new: "new" }],
    ["--existing", { "same size": "xyz", "newer here": "old" }],
    ["--ignore-existing", { "same size": "xyz", "newer here": "new!", new: "new" }],
  ])("%s", async (flag, wanted) => {
    using sides = new Sides();
    plantAll(sides);
    const flags = flag === "" ? [] : [flag];
    expect(await sides.sync(sides.remote, "here", ...flags)).toEqual(quietly());
    const found = sides.localNames.map((name) => [
      name,
      readFileSync(sides.at("here", name), "utf8"),
    ]);
    expect(Object.fromEntries(found)).toEqual(wanted);
  });
});

test("links are not followed, and nothing is written through one", async () => {
  using sides = new Sides();
  using elsewhere = new TemporaryFolder();
  sides.there("a", "one");
  sides.there("f/b", "two");
  symlinkSync("/etc", served.library.at(sides.name, "link"));
  mkdirSync(sides.at("here"));
  symlinkSync(elsewhere.path, sides.at("here/f"));
  const ran = await sides.sync(sides.remote, "here");
  expect(ran.code).toBe(17);
  expect(ran.stderr).toContain(`left out: 1 link not copied (${sides.name}/link is one)`);
  expect(readdirSync(elsewhere.path)).toEqual([]);
  expect((await sides.sync(sides.remote, "here", "--delete")).code).toBe(0);
  expect(sides.localNames).toEqual(["a", "f", "f/b"]);
  expect(readdirSync(elsewhere.path)).toEqual([]);
  // The target itself may be one: it was named.
  renameSync(sides.at("here"), sides.at("real"));
  symlinkSync("real", sides.at("here"));
  writeFileSync(served.library.at(sides.name, "a"), "changed");
  expect((await sides.sync(sides.remote, "here")).code).toBe(0);
  expect(readFileSync(sides.at("real/a"), "utf8")).toBe("changed");
});

describe("refuses", () => {
  test.each<[readonly string[], number, string]>([
    [["a", "b"], 2, "one of the two folders is in the library, as :FOLDER; here neither is"],
    [[":a", ":b"], 2, "one of the two folders is in the library, as :FOLDER; here both are"],
    [["a"], 2, "missing required argument 'TARGET'; leat client sync --help tells more"],
    [
      [":a", "b", "--max-delete", "3"],
      2,
      "--max-delete bounds what --delete removes: add --delete",
    ],
    [[":nothing here", "b"], 12, 'there is no "nothing here" (NOT_FOUND)'],
    [
      ["nothing here", ":b"],
      12,
      'cannot open the folder "nothing here": there is no such file or folder (NOT_FOUND)',
    ],
  ])("%p", async (args, code, message) => {
    using sides = new Sides();
    const ran = await sides.sync(...args);
    expect(ran).toEqual({ code, stdout: "", stderr: `leat: sync: ${message}\n` });
    expect(namesIn(sides.path)).toEqual([]);
  });

  test("a file in the place of a folder", async () => {
    using sides = new Sides();
    sides.there("file", "x");
    sides.file("file", "x");
    for (const [from, to] of [
      [`${sides.remote}/file`, "new"],
      [sides.remote, "file"],
      ["file", ":x"],
    ] as const) {
      const ran = await sides.sync(from, to);
      expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 17, stdout: "" });
    }
  });

  test("to copy a folder into itself, and to empty the folder around the source", async () => {
    using sides = new Sides();
    sides.there("a/b", "x");
    const library = served.library.path;
    for (const args of [
      [sides.remote, `${library}/${sides.name}/a`],
      [`${library}/${sides.name}`, `${sides.remote}/a`],
      [`${sides.remote}/a`, `${library}/${sides.name}`, "--delete"],
      [`${library}/${sides.name}/a`, sides.remote, "--delete"],
    ]) {
      const ran = await sides.sync(...args);
      expect(ran.code).toBe(10);
      expect(ran.stderr).toContain("cannot be moved into itself");
    }
    expect(sides.remoteNames).toEqual(["a", "a/b"]);
  });
});

test("keeps what it replaces where --backup-dir says, on the side of the target", async () => {
  using sides = new Sides();
  sides.file("here/a", "new");
  sides.there("a", "before");
  const backups = `${sides.name}-old`;
  const wrong = await sides.sync("here", sides.remote, "--backup-dir", backups);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("as :FOLDER") });
  expect(await sides.sync("here", sides.remote, "--backup-dir", `:${backups}`)).toEqual(quietly());
  expect(readFileSync(served.library.at(backups, "a"), "utf8")).toBe("before");
  expect(readFileSync(served.library.at(sides.name, "a"), "utf8")).toBe("new");
});

test("asks in the shell, where Ctrl-C interrupts the question", async () => {
  using sides = new Sides();
  sides.there("a", "one");
  for (const name of ["a", "x"]) sides.file(`here/${name}`, "one");
  const command = [CLIENT, "client", "--server", served.server.address];
  await using terminal = new AtTerminal(command, { cwd: sides.path });
  await terminal.prompt();
  const question = "remove 1 file of here (here/x is one)? [y/N] ";
  const line = `sync ${sides.remote} here --delete`;
  await terminal.type(`${line}\r`, question);
  await terminal.type("\x03", "leat: interrupted");
  await terminal.type(`\r${line}\r`, question);
  await terminal.type("n\r", "1 only in the target");
  expect(sides.localNames).toEqual(["a", "x"]);
  await terminal.type(`\r${line}\r`, question);
  await terminal.type("y\r", "1 removed");
  expect(sides.localNames).toEqual(["a"]);
  await terminal.type("stat nothing\r", "NOT_FOUND"); // the shell goes on
});
