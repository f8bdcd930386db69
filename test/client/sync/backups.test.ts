/** Files that a sync replaces or removes, and that it keeps in a folder of backups. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { connect, type Client, type Server, type SyncSummary } from "../../../src/index.ts";
import { setModifiedAt } from "../../../src/store/system/posix.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { refusal } from "../../support/refusal.ts";
import { startServer } from "../../support/served.ts";
import { picture } from "./trees.ts";

let library: TemporaryFolder;
let here: TemporaryFolder;
let server: Server;
let client: Client;

beforeEach(async () => {
  library = new TemporaryFolder();
  here = new TemporaryFolder();
  server = await startServer({ library: library.path, durability: "none" });
  client = await connect(server.address);
});
afterEach(async () => {
  await client.close();
  await server.stop();
  library[Symbol.dispose]();
  here[Symbol.dispose]();
});

type Way = "down" | "up";
const WAYS: readonly Way[] = ["down", "up"];

const ends = (way: Way) =>
  way === "down"
    ? ({ source: library, target: here } as const)
    : ({ source: here, target: library } as const);

/** @param backups a path as `t` is one */
function sync(way: Way, backups: string, exclude: string[] = []): Promise<SyncSummary> {
  const options = { delete: true, exclude, durability: "none" } as const;
  return way === "down"
    ? client.syncDown("t", here.at("t"), { ...options, backupDir: here.at(backups) })
    : client.syncUp(here.at("t"), "t", { ...options, backupDir: backups });
}

const contents = (folder: TemporaryFolder, name: string): Record<string, string> =>
  Object.fromEntries(
    [...picture(folder.at(name))].flatMap(([path, what]) =>
      what === "folder" ? [] : [[path, readFileSync(folder.at(name, path), "utf8")]],
    ),
  );

test.each(WAYS)("%s: what is kept has the mode and the time that it had", async (way) => {
  const { source, target } = ends(way);
  target.file("t/a", "old a.");
  const time = { seconds: 1_500_000_000, nanoseconds: 5 };
  setModifiedAt(target.at("t/a"), time);
  chmodSync(target.at("t/a"), 0o640);
  source.file("t/a", "new a");
  chmodSync(source.at("t/a"), 0o755);
  expect(await sync(way, "backups")).toMatchObject({ files: 1 });
  const facts = (name: string): unknown => {
    const { mode, mtimeNs } = statSync(target.at(name), { bigint: true });
    return [readFileSync(target.at(name), "utf8"), Number(mode) & 0o777, mtimeNs];
  };
  expect(facts("backups/a")).toEqual(["old a.", 0o640, 1_500_000_000_000_000_005n]);
  expect(facts("t/a")).toMatchObject(["new a", 0o755, expect.anything()]);
});

test.skipIf(process.getuid?.() === 0)(
  "a file that this user may not read is kept, too",
  async () => {
    here.file("t/a", "old a.");
    chmodSync(here.at("t/a"), 0o200);
    library.file("t/a", "new a");
    expect(await sync("down", "backups")).toMatchObject({ files: 1 });
    expect(contents(here, "backups")).toEqual({ a: "old a." });
    expect(contents(here, "t")).toEqual({ a: "new a" });
  },
);

test.each(WAYS)("%s: what is replaced or removed is kept with its path", async (way) => {
  const { source, target } = ends(way);
  source.file("t/a", "new a");
  source.file("t/f/b", "new b");
  source.file("t/large", Buffer.alloc(200_000, "n"));
  source.file("t/turn", "a file now");
  target.file("t/a", "old a.");
  target.file("t/f/b", "old b.");
  target.file("t/large", "small before");
  target.file("t/turn/in", "of a folder");
  target.file("t/gone/deep/c", "only here");
  expect(await sync(way, "backups")).toMatchObject({ files: 4, removed: 5 });
  expect(contents(target, "t")).toEqual(contents(source, "t"));
  const kept = {
    a: "old a.",
    "f/b": "old b.",
    large: "small before",
    "turn/in": "of a folder",
    "gone/deep/c": "only here",
  };
  expect(contents(target, "backups")).toEqual(kept);

  // An older backup is replaced, and what is the same stays where it is.
  source.file("t/a", "a third one");
  expect(await sync(way, "backups")).toMatchObject({ files: 1, removed: 0 });
  expect(contents(target, "backups")).toEqual({ ...kept, a: "new a" });
  expect(contents(target, "t")).toEqual(contents(source, "t"));
});

test.each(WAYS)("%s: a file stays if its backup cannot be made", async (way) => {
  const { source, target } = ends(way);
  source.file("t/a", "new a");
  source.file("t/b", "new b");
  target.file("t/a", "old a.");
  target.folder("backups/a");
  expect(await refusal(sync(way, "backups"))).toMatchObject({ failed: 1 });
  expect(contents(target, "t")).toEqual({ a: "old a.", b: "new b" });
});

test.each(WAYS)("%s: backups in the target have to be excluded", async (way) => {
  const { source, target } = ends(way);
  source.file("t/a", "new a");
  target.file("t/a", "old a.");
  for (const folder of ["t", "t/old", "t/old/er", "."]) {
    const error = await refusal(sync(way, folder === "." && way === "up" ? "" : folder));
    expect(error.code).toBe("INVALID_ARGUMENT");
  }
  expect(contents(target, "t")).toEqual({ a: "old a." });
  for (const folder of ["t/old", "t/old/er", "t-old"]) {
    source.file("t/a", folder);
    expect(await sync(way, folder, ["old"])).toMatchObject({ files: 1, removed: 0 });
  }
  expect(contents(target, "t")).toEqual({ a: "t-old", "old/a": "old a.", "old/er/a": "t/old" });
});

test("down: a folder of backups that a link leads into the target is refused, too", async () => {
  library.file("t/a");
  here.folder("t");
  symlinkSync(here.at("t"), here.at("link"));
  expect((await refusal(sync("down", "link/old"))).code).toBe("INVALID_ARGUMENT");
});
