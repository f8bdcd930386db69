import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { Served, leat, quietly, run } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served[Symbol.asyncDispose]());

/** A tree with what is easily forgotten. */
function plant(folder: TemporaryFolder, name: string): void {
  folder.file(`${name}/a.txt`, "a");
  folder.file(`${name}/.hidden`, "hidden");
  folder.file(`${name}/ü and space/big`, new Uint8Array(1_500_000).fill(7));
  folder.file(`${name}/ü and space/empty file`);
  folder.folder(`${name}/deep/er/empty`);
  utimesSync(folder.at(name, "a.txt"), 0, 1_600_000_000);
  utimesSync(folder.at(name, "deep/er/empty"), 0, 1_500_000_000);
}

/** Everything below a folder: kind, contents and times of files. */
function picture(path: string): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" }).toSorted()) {
    const at = `${path}/${name}`;
    const stats = lstatSync(at);
    seen[name] = stats.isFile()
      ? `${Bun.hash(readFileSync(at))} ${stats.mtimeMs}`
      : stats.isDirectory()
        ? "folder"
        : "other";
  }
  return seen;
}

const client = (here: TemporaryFolder, ...args: string[]) =>
  leat(here.path, ["client", "--server", served.server.address, ...args]);

describe("get -r", () => {
  test("brings a folder with everything in it, times kept, to where cp would", async () => {
    using here = new TemporaryFolder();
    plant(served.library, "photos");
    const whole = picture(served.library.at("photos"));
    expect(Object.keys(whole)).toHaveLength(8);

    expect(await client(here, "get", "-r", "photos")).toEqual(quietly());
    expect(picture(here.at("photos"))).toEqual(whole);
    expect(lstatSync(here.at("photos/deep/er/empty")).mtimeMs).toBe(1_500_000_000_000);

    here.folder("there");
    expect(await client(here, "get", "-r", "photos", "-o", "there")).toEqual(quietly());
    expect(picture(here.at("there/photos"))).toEqual(whole);
    expect(await client(here, "get", "-r", "photos", "-o", "new")).toEqual(quietly());
    expect(picture(here.at("new"))).toEqual(whole);
    // What is in it, and not the folder.
    here.folder("filled");
    expect(await client(here, "get", "-r", "photos/.", "-o", "filled")).toEqual(quietly());
    expect(picture(here.at("filled"))).toEqual(whole);
    // A file alone, and several.
    expect(await client(here, "get", "-r", "photos/a.txt", "photos/deep", "-o", "there")).toEqual(
      quietly(),
    );
    expect(readdirSync(here.at("there")).toSorted()).toEqual(["a.txt", "deep", "photos"]);
  });

  test.each(["@-86400.123456789", "@-1.5", "@0.000000001", "@1600000000.987654321"])(
    "keeps times to the nanosecond, of files and folders: %s",
    async (time) => {
      using here = new TemporaryFolder();
      served.library.file(`times/${time}/in/file`, "x");
      const paths = ["in/file", "in", "."].map((path) => `times/${time}/${path}`);
      // From the inside out: a folder's time moves with what is in it.
      for (const path of paths) await run(["touch", "-d", time, served.library.at(path)]);
      expect(await client(here, "get", "-r", `times/${time}`, "-o", "times")).toEqual(quietly());
      const timeOf = (path: string): bigint => statSync(path, { bigint: true }).mtimeNs;
      for (const path of ["in/file", "in", "."]) {
        const expected = timeOf(served.library.at(`times/${time}/${path}`));
        expect([path, timeOf(here.at("times", path))]).toEqual([path, expected]);
      }
    },
  );

  test("says what came of it in one line, and tells of each file as JSON", async () => {
    using here = new TemporaryFolder();
    plant(served.library, "told");
    const told = await client(here, "get", "-r", "told", "-v");
    expect(told.code).toBe(0);
    expect(told.stderr).toMatch(/^4 files, 5 folders {2}1\.43 MiB in .*, verified, on disk\n$/);
    const json = await client(here, "get", "-r", "told", "--json", "--if-exists", "skip");
    const lines = json.stdout.trim().split("\n");
    expect(
      lines.map((line) => JSON.parse(line)).toSorted((a, b) => (a.path < b.path ? -1 : 1))[1],
    ).toEqual({ path: "told/a.txt", file: "told/a.txt", skipped: true });
    expect(lines).toHaveLength(4);
  });

  test("follows no link, and tells once of those that it left out", async () => {
    using here = new TemporaryFolder();
    plant(served.library, "linked");
    symlinkSync("a.txt", served.library.at("linked/to-a"));
    symlinkSync("..", served.library.at("linked/deep/up"));
    symlinkSync("../..", served.library.at("linked/deep/out"));
    await run(["mkfifo", served.library.at("linked/pipe")]);
    expect(await client(here, "get", "-r", "linked")).toEqual({
      code: 0,
      stdout: "",
      stderr:
        "leat: get: left out: 1 link not copied, 1 neither files nor folders (linked/deep/out is one)\n",
    });
    expect(readlinkSync(here.at("linked/to-a"))).toBe("a.txt");
    expect(readlinkSync(here.at("linked/deep/up"))).toBe("..");
    expect(
      (await client(here, "get", "-r", "linked", "-o", "plain", "--links", "skip")).stderr,
    ).toBe(
      "leat: get: left out: 3 links not copied, 1 neither files nor folders (linked/deep/out is one)\n",
    );
    expect(Object.keys(picture(here.at("plain")))).toHaveLength(8);
  });

  test("follows links on request, and names those that it cannot follow", async () => {
    using here = new TemporaryFolder();
    served.library.file("led/folder/a", "a");
    const links = { "led/to-a": "folder/a", "led/to-folder": "folder", "led/here": "." };
    const wrong = { "led/folder/gone": "nothing", "led/folder/out": "/etc/passwd" };
    for (const [path, target] of Object.entries({ ...links, ...wrong })) {
      symlinkSync(target, served.library.at(path));
    }
    const ran = await client(here, "get", "-r", "led", "--links", "follow");
    expect(ran.code).toBe(3);
    const lines = ran.stderr.trim().split("\n").toSorted();
    expect(lines).toEqual([
      'leat: get: "led/folder/gone" is a link that leads to nothing (NOT_FOUND); list shows what there is',
      expect.stringMatching(/^leat: get: .*"led\/folder\/out".* \(PERMISSION_DENIED\)$/),
      'leat: get: "led/here" is a link that leads back to itself, or to a folder that it is in (INVALID_ARGUMENT)',
      'leat: get: "led/to-folder/gone" is a link that leads to nothing (NOT_FOUND); list shows what there is',
      expect.stringMatching(/^leat: get: .*"led\/to-folder\/out".* \(PERMISSION_DENIED\)$/),
    ]);
    expect(Object.keys(picture(here.at("led")))).toEqual([
      "folder",
      "folder/a",
      "to-a",
      "to-folder",
      "to-folder/a",
    ]);
    rmSync(served.library.at("led"), { recursive: true });
  });

  test("never writes through a link in the target", async () => {
    using here = new TemporaryFolder();
    plant(served.library, "trap");
    here.folder("outside");
    here.folder("trap");
    symlinkSync("../outside", here.at("trap/deep"));
    symlinkSync("../outside/a", here.at("trap/a.txt"));
    const ran = await client(here, "get", "-r", "trap");
    expect(ran.code).toBe(3);
    expect(ran.stderr.trim().split("\n").toSorted()).toEqual([
      'leat: get: "trap/a.txt" is a link and is not replaced (NOT_A_REGULAR_FILE)',
      'leat: get: "trap/deep" is refused: links are not followed here (PERMISSION_DENIED)',
    ]);
    expect(readdirSync(here.at("outside"))).toEqual([]);
    expect(readdirSync(here.at("trap/ü and space"))).toHaveLength(2);
    // Nor as its root, unless the caller names it as a folder.
    symlinkSync("outside", here.at("linked-root"));
    served.library.file("linked-root/x", "x");
    expect((await client(here, "get", "-r", "linked-root")).code).toBe(14);
    expect(await client(here, "get", "-r", "linked-root", "-o", "linked-root/")).toEqual(quietly());
    expect(readdirSync(here.at("outside"))).toEqual(["linked-root"]);
  });

  test("refuses a folder without -r, with a hint", async () => {
    using here = new TemporaryFolder();
    served.library.folder("plain");
    const ran = await client(here, "get", "plain");
    expect(ran).toEqual({
      code: 16,
      stdout: "",
      stderr: 'leat: get: "plain" is a folder (IS_A_DIRECTORY); -r fetches folders\n',
    });
    const up = await client(here, "upload", here.path);
    expect(up.code).toBe(16);
    expect(up.stderr).toEndWith("is a folder (IS_A_DIRECTORY); -r sends folders\n");
  });
});

describe("upload -r", () => {
  test("sends a folder with everything in it, times kept, to where cp would", async () => {
    using here = new TemporaryFolder();
    plant(here, "album");
    const whole = picture(here.at("album"));
    expect(await client(here, "upload", "-r", "album")).toEqual(quietly());
    expect(picture(served.library.at("album"))).toEqual(whole);
    served.library.folder("shelf");
    expect(await client(here, "upload", "-r", "album", "--to", "shelf")).toEqual(quietly());
    expect(picture(served.library.at("shelf/album"))).toEqual(whole);
    expect(await client(here, "put", "-r", "album", "-o", "shelf/new")).toEqual(quietly());
    expect(picture(served.library.at("shelf/new"))).toEqual(whole);
    const json = await client(here, "upload", "-r", "album/a.txt", "-o", "one", "--json");
    expect(JSON.parse(json.stdout)).toEqual({
      path: "one",
      size: 1,
      version: expect.any(String),
      crc32: "e8b7be43",
      durability: "fsync",
      skipped: false,
    });
  });

  test("tells of every file whose name is taken, and sends the others", async () => {
    using here = new TemporaryFolder();
    here.file("taken/a", "new");
    here.file("taken/b", "new");
    served.library.file("taken/a", "old");
    expect(await client(here, "upload", "-r", "taken")).toEqual({
      code: 13,
      stdout: "",
      stderr:
        'leat: upload: "taken/a" exists already (ALREADY_EXISTS); --if-exists replace writes over it\n',
    });
    expect(readFileSync(served.library.at("taken/a"), "utf8")).toBe("old");
    expect(readFileSync(served.library.at("taken/b"), "utf8")).toBe("new");
    const again = await client(here, "upload", "-r", "taken", "--if-exists", "skip", "-v");
    expect(again.stderr).toMatch(/^0 files, 1 folder .*; 2 skipped\n$/);
    expect(await client(here, "upload", "-r", "taken", "--if-exists", "replace")).toEqual(
      quietly(),
    );
    expect(readFileSync(served.library.at("taken/a"), "utf8")).toBe("new");
  });

  test("follows no link but the one that was named", async () => {
    using here = new TemporaryFolder();
    plant(here, "real");
    symlinkSync("a.txt", here.at("real/to-a"));
    symlinkSync("/etc", here.at("real/deep/out"));
    symlinkSync("real", here.at("named"));
    expect(await client(here, "upload", "-r", "named")).toEqual({
      code: 0,
      stdout: "",
      stderr: "leat: upload: left out: 1 link not copied (named/deep/out is one)\n",
    });
    expect(Object.keys(picture(served.library.at("named")))).toHaveLength(9);
    expect(readlinkSync(served.library.at("named/to-a"))).toBe("a.txt");
  });
});
