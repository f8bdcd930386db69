/** Modified times and permission bits of trees, both ways: of files, and of folders, which get theirs last. */
import { describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, openDiskStore, type Store } from "../../src/index.ts";
import { setModifiedAt } from "../../src/store/system/posix.ts";
import type { Time } from "../../src/store/store.ts";
import type { MakeDirectory } from "../../src/wire/gen/messages.ts";
import { TREE_WAYS } from "../support/tree-ways.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { ELSEWHERE, testExcept } from "../support/ways.ts";

/** Of every entry, `mode time` to the nanosecond. */
function attributes(root: string): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of ["", ...readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted()]) {
    const { mode, mtimeNs } = lstatSync(join(root, name), { bigint: true });
    seen[name] = `${(Number(mode) & 0o7777).toString(8)} ${mtimeNs}`;
  }
  return seen;
}

const OLD: Time = { seconds: -14_182_940, nanoseconds: 999_999_999 };
const NEW: Time = { seconds: 4_102_444_800, nanoseconds: 1 };

/** Folders with few rights, and old and new times, in which small and large files are. */
function plant(root: string): void {
  const folders: [string, number, Time][] = [
    ["", 0o750, { seconds: 1_500_000_000, nanoseconds: 123_456_789 }],
    ["old", 0o700, OLD],
    ["old/in", 0o555, { seconds: 1, nanoseconds: 2 }],
    ["new", 0o755, NEW],
    ["empty", 0o711, { seconds: 1_600_000_000, nanoseconds: 7 }],
    ["closed", 0o500, { seconds: 1_600_000_001, nanoseconds: 0 }],
    ["closed/deeper", 0o500, { seconds: 1_600_000_002, nanoseconds: 0 }],
  ];
  for (const [name] of folders) mkdirSync(join(root, name), { recursive: true });
  const files: [string, number, number, Time][] = [
    ["old/small", 10, 0o640, OLD],
    ["old/in/large", 1_500_000, 0o444, NEW],
    ["new/middle", 70_000, 0o600, { seconds: 0, nanoseconds: 0 }],
    ["closed/deeper/x", 5, 0o755, { seconds: 2_200_000_000, nanoseconds: 5 }],
  ];
  // Nobody else can read it.
  if (process.getuid?.() === 0) files.push(["old/zero", 9, 0, OLD], ["new/zero", 70_000, 0, OLD]);
  for (const [name, size, mode, time] of files) {
    writeFileSync(join(root, name), Buffer.alloc(size, name));
    chmodSync(join(root, name), mode);
    setModifiedAt(join(root, name), time);
  }
  for (const [name, mode, time] of folders.toReversed()) {
    setModifiedAt(join(root, name), time);
    chmodSync(join(root, name), mode);
  }
}

describe.each(["none", "fsync"] as const)("with %s,", (durability) => {
  test.each(TREE_WAYS)(
    "%s keeps times and modes, up and down, and again",
    async (name, up, down) => {
      using here = new TemporaryFolder();
      using library = new TemporaryFolder();
      plant(here.at("t"));
      const wanted = attributes(here.at("t"));
      await using server = await startServer({ library: library.path, durability });
      await using client = await connect(server.address);
      await up(client, here.at("t"), "t");
      expect(attributes(library.at("t"))).toEqual(wanted);
      await down(client, "t", here.at("back"));
      expect(attributes(here.at("back"))).toEqual(wanted);

      // What happens to a folder meanwhile is undone, however little is in it.
      setModifiedAt(library.at("t/empty"), NEW);
      setModifiedAt(here.at("back/old"), NEW);
      const again = await up(client, here.at("t"), "t");
      expect(attributes(library.at("t"))).toEqual(wanted);
      await down(client, "t", here.at("back"));
      expect(attributes(here.at("back"))).toEqual(wanted);
      if (name !== "a tree") expect([again.files, again.folders]).toEqual([0, 0]);
    },
  );
});

test("a folder that was made by a run that was interrupted gets its mode from the next one", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  plant(here.at("t"));
  const wanted = attributes(here.at("t"));
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  mkdirSync(library.at("t/old/in"), { recursive: true });
  mkdirSync(here.at("back/old/in"), { recursive: true });
  for (const name of ["", "old"]) {
    chmodSync(library.at("t", name), name === "" ? 0o750 : 0o700);
    chmodSync(here.at("back", name), name === "" ? 0o750 : 0o700);
  }
  await client.putTree(here.at("t"), "t");
  expect(attributes(library.at("t"))).toEqual(wanted);
  await client.getTree("t", here.at("back"));
  expect(attributes(here.at("back"))).toEqual(wanted);
});

test("a folder that exists keeps its mode, and the bits above 0777", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  here.folder("t/open");
  chmodSync(here.at("t/open"), 0o777);
  here.folder("t/shut");
  chmodSync(here.at("t/shut"), 0o555);
  here.folder("t/own");
  chmodSync(here.at("t/own"), 0o500);
  library.folder("t/own");
  chmodSync(library.at("t/own"), 0o770);
  library.folder("t/open");
  chmodSync(library.at("t/open"), 0o2700);
  library.folder("t/shut");
  chmodSync(library.at("t/shut"), 0o2755); // as if it was made to be filled, in a folder with a group
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address);
  await client.putTree(here.at("t"), "t");
  const mode = (name: string): string => (lstatSync(library.at(name)).mode & 0o7777).toString(8);
  expect([mode("t/open"), mode("t/own"), mode("t/shut")]).toEqual(["2700", "770", "2555"]);
  const put = client.makeDirectory("t/open", { parents: true });
  expect((await put).mode).toBe(0o700);
});

test("times and modes are not kept where that is not wanted", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  plant(here.at("t"));
  await using server = await startServer({ library: library.path, durability: "none" });
  await using client = await connect(server.address);
  const before = BigInt(Date.now() - 60_000) * 1_000_000n;
  const check = (root: string): void => {
    for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
      const { mode, mtimeNs } = lstatSync(join(root, name), { bigint: true });
      const isFolder = (Number(mode) & 0o040_000) !== 0;
      expect([name, Number(mode) & 0o777]).toEqual([name, isFolder ? 0o755 : 0o644]);
      expect(mtimeNs).toBeGreaterThan(before);
    }
  };
  const plain = { times: false, modes: false };
  await client.putTree(here.at("t"), "t", plain);
  check(library.at("t"));
  await client.syncUp(here.at("t"), "s", plain);
  check(library.at("s"));
  await client.getTree("t", here.at("g"), plain);
  check(here.at("g"));
  await client.syncDown("t", here.at("d"), plain);
  check(here.at("d"));
  // A copy is newer than its original, and so it is the same.
  expect((await client.syncDown("t", here.at("d"), plain)).files).toBe(0);
  expect((await client.syncUp(here.at("t"), "s", plain)).files).toBe(2); // those of the future
});

test("a time that a file system does not have is named, and copied once", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  const far: Time = { seconds: 2 ** 40, nanoseconds: 5 };
  here.file("t/in/small", "x");
  here.file("t/in/large", new Uint8Array(100_000));
  for (const name of ["t/in/small", "t/in/large", "t/in"]) setModifiedAt(here.at(name), far);
  const hasFar = ({ path }: TemporaryFolder, name: string): boolean =>
    lstatSync(join(path, name)).mtimeMs === 2 ** 40 * 1000;
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address);
  // The source here is what its file system has made of it: the server is asked directly.
  const entry = await client.put("far", Buffer.from("x"), { modified: new Date(8.64e15) });
  expect(entry.notDone?.modified === true).toBe(!hasTime(library.at("far"), 8.64e12));
  await client.syncUp(here.at("t"), "t");
  expect((await client.syncUp(here.at("t"), "t")).files).toBe(0);
  expect(hasFar(library, "t/in")).toBe(hasFar(here, "t/in"));
});

function hasTime(path: string, seconds: number): boolean {
  return lstatSync(path, { bigint: true }).mtimeNs === BigInt(seconds) * 1_000_000_000n;
}

const testStore = testExcept(ELSEWHERE, "the store is in the memory of this process");
testStore("a store that sets no attributes of folders is named, and nothing fails", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  plant(here.at("t"));
  const disk = openDiskStore(library.path);
  const plainly: Store["makeDirectory"] = (path, parents, durability) =>
    disk.makeDirectory(path, parents, durability);
  const store = new Proxy(disk, {
    get: (_, name) => {
      if (name === "makeDirectory") return plainly;
      const value: unknown = Reflect.get(disk, name);
      return typeof value === "function" ? value.bind(disk) : value;
    },
  });
  await using server = await startServer({ store });
  await using client = await connect(server.address);
  const outcomes = await Array.fromAsync(client.putTreeOutcomes(here.at("t"), "t"));
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  const lacking = outcomes.filter(({ notDone }) => notDone?.modified === true);
  expect(lacking.map(({ kind }) => kind)).toEqual(Array(7).fill("DIRECTORY"));
  const synced = await Array.fromAsync(client.syncUpOutcomes(here.at("t"), "t"));
  expect(new Set(synced.map(({ action, kind }) => `${action} ${kind}`))).toEqual(
    new Set(["attributes DIRECTORY"]),
  );
});

test.each<[string, Partial<MakeDirectory>]>([
  ["bits above 0777", { mode: 0o4755 }],
  ["more nanoseconds than a second has", { modified: { seconds: 0, nanoseconds: 1_000_000_000 } }],
])("a folder does not get %s", async (_, facts) => {
  using library = new TemporaryFolder();
  library.folder("d");
  const before = attributes(library.path);
  await using server = await startServer({ library: library.path });
  using peer = await RawPeer.welcomed(Number(server.port));
  const value = { path: "d", parents: true, ...facts };
  peer.request(1, { case: "makeDirectory", value });
  expect((await peer.failure(1)).code).toBe("INVALID_ARGUMENT");
  expect(attributes(library.path)["d"]).toBe(before["d"]!);
});

test("an item of a tree makes no folder with bits above 0777", async () => {
  using library = new TemporaryFolder();
  await using server = await startServer({ library: library.path });
  using peer = await RawPeer.welcomed(Number(server.port));
  peer.request(1, { case: "putTree", value: { path: "t", mode: 0o1777 } });
  expect((await peer.failure(1)).code).toBe("INVALID_ARGUMENT");
  expect(readdirSync(library.path).filter((name) => name !== ".leat")).toEqual([]);
});
