/** `list -r`, `du` and `remove -r` as people run them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { AtTerminal, CLIENT, expectFailure, quietly, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
  const { library } = served;
  library.file("photos/a.jpg", "12");
  library.file("photos/2024/sea [1].jpg", "123");
  library.file("photos/2024/raw/b", new Uint8Array(3000));
  library.file("photos/.hidden/c", "1234");
  library.file("photos/-rf/d");
  library.folder("photos/empty");
  symlinkSync("2024", library.at("photos/link"));
});
afterAll(() => served[Symbol.asyncDispose]());

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

describe("list -r", () => {
  test("shows everything below a folder, one path a line, as it can be typed again", async () => {
    const below = ["-rf/", "-rf/d", "2024/", "2024/raw/", "2024/raw/b", "2024/sea [1].jpg"];
    const all = [...below, "a.jpg", "empty/", "link/"].map((path) => `photos/${path}`);
    expect(await served.client(["list", "-r", "photos"])).toEqual(quietly(lines(...all)));
    expect(await served.client(["list", "-r", "./photos/"])).toEqual(quietly(lines(...all)));
    const more = await served.client(["list", "-ra"]);
    expect(more.stdout.split("\n").filter((path) => path.startsWith("photos/"))).toEqual([
      "photos/",
      ...all.slice(0, 2),
      "photos/.hidden/",
      "photos/.hidden/c",
      ...all.slice(2),
    ]);
    const one = lines("photos/a.jpg", "photos/2024/raw/b");
    expect(await served.client(["list", "-r", "photos/a.jpg", "photos/2024/raw"])).toEqual(
      quietly(one),
    );
  });

  test("--json has an object for each, with its path in the library", async () => {
    const { stdout } = await served.client(["list", "-r", "--json", "photos"]);
    const found = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(found.map(({ path, name, kind, size, link }) => [path, name, kind, size, link])).toEqual(
      [
        ["photos/-rf", "-rf", "directory", 0, false],
        ["photos/-rf/d", "d", "file", 0, false],
        ["photos/2024", "2024", "directory", 0, false],
        ["photos/2024/raw", "raw", "directory", 0, false],
        ["photos/2024/raw/b", "b", "file", 3000, false],
        ["photos/2024/sea [1].jpg", "sea [1].jpg", "file", 3, false],
        ["photos/a.jpg", "a.jpg", "file", 2, false],
        ["photos/empty", "empty", "directory", 0, false],
        ["photos/link", "link", "directory", 0, true],
      ],
    );
    const file = await served.client(["list", "-r", "--json", "photos/a.jpg"]);
    expect(JSON.parse(file.stdout)).toMatchObject({ path: "photos/a.jpg", name: "a.jpg" });
  });

  test("names what is missing, and shows the rest", async () => {
    const ran = await served.client(["list", "-r", "nope", "photos/2024"]);
    expect(ran).toEqual({
      code: 12,
      stdout: lines("photos/2024/raw/", "photos/2024/raw/b", "photos/2024/sea [1].jpg"),
      stderr: 'leat: list: there is no "nope" (NOT_FOUND)\n',
    });
  });
});

describe("du", () => {
  test("sums up a folder with all below it; links do not count", async () => {
    expect(await served.client(["du", "photos"])).toEqual(quietly("3009\t5 files\tphotos\n"));
    expect(await served.client(["du", "-sh", "photos/2024/", "photos/a.jpg"])).toEqual(
      quietly("2.93 KiB\t2 files\tphotos/2024\n2 B\t1 file\tphotos/a.jpg\n"),
    );
    const json = await served.client(["du", "--json", "photos"]);
    expect(JSON.parse(json.stdout)).toEqual({ path: "photos", bytes: 3009, files: 5, folders: 5 });
  });

  test("-d shows the folders below, too, each behind those in it", async () => {
    expect(await served.client(["du", "-d1", "photos"])).toEqual(
      quietly(
        lines(
          "0\t1 file\tphotos/-rf",
          "4\t1 file\tphotos/.hidden",
          "3003\t2 files\tphotos/2024",
          "0\t0 files\tphotos/empty",
          "3009\t5 files\tphotos",
        ),
      ),
    );
    const deep = await served.client(["du", "--max-depth", "9", "photos/2024"]);
    expect(deep).toEqual(quietly("3000\t1 file\tphotos/2024/raw\n3003\t2 files\tphotos/2024\n"));
    expectFailure(await served.client(["du", "-s", "-d", "1"]), 2, /choose one/);
    expectFailure(await served.client(["du", "-d", "x"]), 2, /whole number/);
  });
});

describe("remove -r", () => {
  test("needs --yes where it cannot ask", async () => {
    served.library.file("tree/a/b");
    const refused = await served.client(["remove", "-r", "tree"]);
    expectFailure(refused, 2, /^leat: remove: -r asks .* --yes removes without asking\n$/);
    expect(await served.client([], { stdin: "cd tree\nrm -r a\n" })).toMatchObject({ code: 2 });
    expect(existsSync(served.library.at("tree/a/b"))).toBe(true);
    expect(await served.client(["remove", "-ry", "tree"])).toEqual(quietly());
    expect(existsSync(served.library.at("tree"))).toBe(false);
  });

  test("removes several, links themselves, and names what is missing", async () => {
    const { library } = served;
    library.file("kept/x");
    for (const name of ["many/-rf/x", "many/[a]/y", "many/ü 😀/z", "one"]) library.file(name);
    symlinkSync("../kept", library.at("many/out"));
    symlinkSync("kept", library.at("out"));
    const ran = await served.client(["rm", "-r", "-y", "-v", "nope", "out", "many/", "one"]);
    expect(ran.code).toBe(12);
    expect(ran.stderr).toMatch(
      /^leat: remove -r: there is no "nope" \(NOT_FOUND\)\nremoved 5 files, 5 folders  0 B in .*\n$/,
    );
    for (const name of ["many", "one", "out"]) expect(existsSync(library.at(name))).toBe(false);
    expect(readdirSync(library.at("kept"))).toEqual(["x"]);
  });

  test("says what stays, and why", async () => {
    served.library.file("odd/a/x");
    writeFileSync(Buffer.from(`${served.library.at("odd/a")}/\xff`, "latin1"), "odd");
    served.library.file("odd/b/y");
    const ran = await served.client(["remove", "-r", "-y", "odd"]);
    expectFailure(ran, 11, /odd\/a.*not UTF-8.*\(INVALID_NAME\)/);
    expect(readdirSync(served.library.at("odd"))).toEqual(["a"]);
  });

  test.each([".", "/", "photos/.", ".."])("refuses %s", async (name) => {
    const ran = await served.client(["remove", "-r", "-y", name]);
    expect(ran.code).toBe(name === ".." ? 11 : 10);
    expect(existsSync(served.library.at("photos/a.jpg"))).toBe(true);
  });

  test("Ctrl-C at the question removes nothing, and what is said then begins a line", async () => {
    using here = new TemporaryFolder();
    const { library, server } = served;
    library.file("asked/a", "12");
    const command = [CLIENT, "client", "--server", server.address, "remove", "-r", "asked"];
    await using terminal = new AtTerminal(command, { cwd: here.path });
    await terminal.screen.until("? [y/N] ");
    await terminal.type("\x03", /\nleat: interrupted/);
    expect(await terminal.exited).toBe(130);
    expect(existsSync(library.at("asked/a"))).toBe(true);
  });

  test("asks at a terminal, with counts", async () => {
    using here = new TemporaryFolder();
    const { library, server } = served;
    symlinkSync("photos", library.at("to photos"));
    const command = [CLIENT, "client", "--server", server.address, "remove", "-r"];
    for (const [answer, kept] of [["", true] as const, ["y", false] as const]) {
      library.file("asked/a", "12");
      library.file("asked/b/c", "3");
      await using terminal = new AtTerminal([...command, "asked", "to photos"], { cwd: here.path });
      await terminal.screen.until("remove asked and 1 more: 3 files, 2 folders  3 B? [y/N] ");
      await terminal.type(`${answer}\r`, kept ? "\n" : "removed ");
      expect(await terminal.exited).toBe(0);
      expect(existsSync(library.at("asked"))).toBe(kept);
    }
    expect(existsSync(library.at("photos/a.jpg"))).toBe(true);
  });
});
