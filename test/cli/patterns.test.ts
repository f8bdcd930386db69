/** Patterns of names in commands, quoted from the shell that runs them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { leat, quietly, type Ran, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
  const { library } = served;
  for (const name of ["a.jpg", "b.jpg", "c.txt", "sub/d.jpg", "sub/deep/e.jpg", ".f.jpg"]) {
    library.file(`p/${name}`, name);
  }
  for (const name of ["sea [1].jpg", "sea 1.jpg", "-rf", "ü *"]) library.file(`odd/${name}`, name);
});
afterAll(() => served[Symbol.asyncDispose]());

const client = (here: TemporaryFolder, ...args: string[]): Promise<Ran> =>
  leat(here.path, ["client", "--server", served.server.address, ...args]);

const names = (path: string): string[] => readdirSync(path).toSorted();
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

describe("a pattern of names in the library", () => {
  test("fetches what it matches", async () => {
    using here = new TemporaryFolder();
    expect(await client(here, "get", "p/*.jpg", "odd/-rf", "odd/-*")).toEqual(quietly());
    expect(names(here.path)).toEqual(["-rf", "a.jpg", "b.jpg"]);
    here.folder("deep");
    expect(await client(here, "get", "p/**/{d,e}.jpg", "-o", "deep")).toEqual(quietly());
    expect(names(here.at("deep"))).toEqual(["d.jpg", "e.jpg"]);
    const both = await client(here, "get", "p/[ac].*", "-o", "-");
    expect(both).toEqual(quietly("a.jpgc.txt"));
  });

  test("needs a folder as target where it matches several, and names that differ", async () => {
    using here = new TemporaryFolder();
    const ran = await client(here, "get", "p/*.jpg", "-o", "new");
    expect(ran).toMatchObject({ code: 12 });
    expect(ran.stderr).toContain("several files need a folder");
    // One is one, as in shells.
    expect(await client(here, "get", "p/*.txt", "-o", "new")).toEqual(quietly());
    expect(names(here.path)).toEqual(["new"]);
    served.library.file("twins/1/x");
    served.library.file("twins/2/x");
    const twins = await client(here, "get", "twins/*/x");
    expect(twins).toMatchObject({ code: 2 });
    expect(twins.stderr).toContain("two of these would become");
  });

  test("takes folders with -r, and what is in them once", async () => {
    using here = new TemporaryFolder();
    const plain = await client(here, "get", "p/*");
    expect(plain).toMatchObject({ code: 16 });
    expect(plain.stderr).toMatch(/^leat: get: [^\n]*"p\/sub"[^\n]*-r fetches folders\n$/);
    expect(names(here.path)).toEqual(["a.jpg", "b.jpg", "c.txt"]);
    expect(await client(here, "get", "-r", "p/**", "--if-exists", "skip")).toEqual(quietly());
    expect(names(here.path)).toEqual(["a.jpg", "b.jpg", "c.txt", "sub"]);
    expect(names(here.at("sub"))).toEqual(["d.jpg", "deep"]);
    expect((await client(here, "du", "p/*/")).stdout).toBe("23\t2 files\tp/sub\n");
    expect((await client(here, "list", "-r", "p/**/")).stdout).toBe(
      lines("p/sub/d.jpg", "p/sub/deep/", "p/sub/deep/e.jpg"),
    );
  });

  test("is that of list, stat and checksum, too", async () => {
    using here = new TemporaryFolder();
    expect(await client(here, "list", "p/*.jpg")).toEqual(quietly(lines("p/a.jpg", "p/b.jpg")));
    expect(await client(here, "ls", "p/*b")).toEqual(quietly(lines("d.jpg", "deep/")));
    expect(await client(here, "ls", "p/.*")).toEqual(quietly(lines("p/.f.jpg")));
    const sums = await client(here, "checksum", "--algorithm", "crc32", "p/?.jpg");
    expect(sums.stdout).toMatch(/^[0-9a-f]{8} {2}p\/a\.jpg\n[0-9a-f]{8} {2}p\/b\.jpg\n$/);
    const { stdout } = await client(here, "stat", "--json", "p/[bc]*");
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).path),
    ).toEqual(["p/b.jpg", "p/c.txt"]);
  });

  test("that matches nothing is an error, and the others are done", async () => {
    using here = new TemporaryFolder();
    const ran = await client(here, "get", "p/*.png", "p/c.txt", "nope/*");
    expect(ran).toEqual({
      code: 12,
      stdout: "",
      stderr: lines(
        'leat: get: nothing matches "p/*.png" (NOT_FOUND); list shows what there is',
        'leat: get: nothing matches "nope/*" (NOT_FOUND); list shows what there is',
      ),
    });
    expect(names(here.path)).toEqual(["c.txt"]);
    for (const command of ["list", "remove", "checksum", "du", "stat"]) {
      const { code, stderr } = await client(here, command, "p/*.png");
      expect({ command, code }).toEqual({ command, code: 12 });
      expect(stderr).toStartWith(`leat: ${command}: nothing matches "p/*.png" (NOT_FOUND)`);
    }
  });

  test("stands for itself where something has this name, and with --no-glob", async () => {
    using here = new TemporaryFolder();
    expect(await client(here, "get", "odd/sea [1].jpg", "odd/ü *")).toEqual(quietly());
    expect(names(here.path)).toEqual(["sea [1].jpg", "ü *"]);
    expect(await client(here, "get", "odd/sea \\[1].jpg", "--to", "escaped")).toEqual(quietly());
    expect(await client(here, "remove", "--no-glob", "odd/sea [1].jpg")).toEqual(quietly());
    const gone = await client(here, "remove", "--no-glob", "odd/sea [1].jpg");
    expect(gone.stderr).toContain('there is no "odd/sea [1].jpg"');
    expect(existsSync(served.library.at("odd/sea 1.jpg"))).toBe(true);
    // As a pattern it is another file.
    expect(await client(here, "remove", "odd/sea [1].jpg")).toEqual(quietly());
    expect(existsSync(served.library.at("odd/sea 1.jpg"))).toBe(false);
  });

  test("removes what it matches", async () => {
    using here = new TemporaryFolder();
    for (const name of ["1.tmp", "2.tmp", "d/3.tmp", "kept", ".4.tmp"]) {
      served.library.file(`tmp/${name}`);
    }
    expect(await client(here, "rm", "tmp/*.tmp")).toEqual(quietly());
    expect(names(served.library.at("tmp"))).toEqual([".4.tmp", "d", "kept"]);
    expect(await client(here, "rm", "-ry", "tmp/*")).toEqual(quietly());
    expect(names(served.library.at("tmp"))).toEqual([".4.tmp"]);
  });
});

describe("in the shell", () => {
  test("names begin in the current folder; what is quoted is no pattern", async () => {
    using here = new TemporaryFolder();
    served.library.file("cd/in/*.x", "star");
    served.library.file("cd/in/a.x", "a");
    served.library.file("cd/b.x", "b");
    const script = lines(
      "cd cd/in",
      "list [*a].x",
      "list -r ../*.x",
      "checksum --algorithm crc32 /cd/*/a.x",
      'get "*.x" -o star',
      "get \\**.x ../*.x",
      "lcd sub",
      "upload l{1,2} [l]3 -o ..",
      "ls ../l*",
    );
    mkdirSync(here.at("sub"));
    for (const name of ["l1", "l2", "l3"]) writeFileSync(here.at("sub", name), name);
    const ran = await leat(here.path, ["client", "--server", served.server.address], {
      stdin: script,
    });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(
      /^cd\/in\/\*\.x\ncd\/in\/a\.x\ncd\/b\.x\n[0-9a-f]{8} {2}cd\/in\/a\.x\ncd\/l1\ncd\/l2\ncd\/l3\n$/,
    );
    expect(names(here.path)).toEqual(["*.x", "b.x", "star", "sub"]);
  });
});

test("upload takes patterns, too, where the shell has left them", async () => {
  using here = new TemporaryFolder();
  for (const name of ["a.x", "b.x", ".c.x", "d/e.x", "d/f/g.x", "[h].x"]) here.file(name, name);
  expect(await client(here, "upload", "[ab].x", "d/**/*.x", "-o", "/")).toEqual(quietly());
  expect(await client(here, "upload", "[h].x")).toEqual(quietly());
  for (const name of ["a.x", "b.x", "e.x", "g.x", "[h].x"]) {
    expect([name, existsSync(served.library.at(name))]).toEqual([name, true]);
  }
  const none = await client(here, "upload", "*.y");
  expect(none).toMatchObject({
    code: 12,
    stderr: 'leat: upload: nothing matches "*.y" (NOT_FOUND)\n',
  });
  const literal = await client(here, "upload", "--no-glob", "*.x");
  expect(literal).toMatchObject({ code: 12 });
});
