/** Symbolic links of trees, both ways: those that lead to something in the tree are made as links, the others left out. */
import { describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { connect, openDiskStore, type Store } from "../../src/index.ts";
import { leadsWithin } from "../../src/store/names.ts";
import type { Entry, TreeItem } from "../../src/wire/gen/messages.ts";
import type { Init } from "../../src/wire/plain.ts";
import { TREE_WAYS } from "../support/tree-ways.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusalCode } from "../support/refusal.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { startServer } from "../support/served.ts";
import { ELSEWHERE, testExcept } from "../support/ways.ts";

/** Of every link, its text; of everything else, its kind. */
function picture(root: string, below = ""): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of readdirSync(join(root, below)).toSorted()) {
    const place = join(below, name);
    const stats = lstatSync(join(root, place));
    if (stats.isSymbolicLink()) seen[place] = `-> ${readlinkSync(join(root, place))}`;
    else if (stats.isFile()) seen[place] = "file";
    else Object.assign(seen, { [place]: "folder" }, picture(root, place));
  }
  return seen;
}

const WITHIN: readonly [string, string][] = [
  ["a-link", "a"],
  ["d/up", "../a"],
  ["d/e/far", "../../d/./e//b"],
  ["d/to-folder", "e"],
  ["d/to-itself", "to-itself"],
  ["d/to-root", ".."],
  ["here", "."],
  ["nowhere", "gone/away"],
  ["ü", "d/e/ü 🌊"],
];

const OUT: readonly [string, string][] = [
  ["d/absolute", "/etc/passwd"],
  ["d/above", "../../a"],
  ["d/zig", "e/../../a"],
  ["control", "bell\u0007"],
  ["out", ".."],
];

function plant(folder: TemporaryFolder, name: string, links = [...WITHIN, ...OUT]): void {
  folder.file(`${name}/a`, "a");
  folder.file(`${name}/d/e/b`, "b");
  for (const [path, target] of links) symlinkSync(target, folder.at(name, path));
}

describe.each(["none", "fsync"] as const)("with %s,", (durability) => {
  test.each(TREE_WAYS)(
    "%s brings links to something in it, up and down",
    async (name, up, down) => {
      using here = new TemporaryFolder();
      using library = new TemporaryFolder();
      using expected = new TemporaryFolder();
      plant(here, "t");
      plant(expected, "t", [...WITHIN]);
      const wanted = picture(expected.at("t"));
      await using server = await startServer({ library: library.path, durability });
      await using client = await connect(server.address);
      const sent = await up(client, here.at("t"), "t");
      expect(picture(library.at("t"))).toEqual(wanted);
      expect([sent.files, sent.links]).toEqual([2 + WITHIN.length, OUT.length]);
      const came = await down(client, "t", here.at("back"));
      expect(picture(here.at("back"))).toEqual(wanted);
      expect([came.files, came.links]).toEqual([2 + WITHIN.length, 0]);

      // Once more: another link is replaced, and a sync leaves the others as they are.
      unlinkSync(library.at("t/d/up"));
      symlinkSync("e", library.at("t/d/up"));
      const again = await down(client, "t", here.at("back"));
      expect(picture(here.at("back"))).toEqual(picture(library.at("t")));
      await up(client, here.at("t"), "t");
      expect(picture(library.at("t"))).toEqual(wanted);
      if (name !== "a tree") expect(again.files).toBe(1);
    },
  );
});

test("a sync takes a link for another kind of thing than a file", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  plant(here, "t", [["link", "a"]]);
  library.file("t/link", "a file");
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address);
  const conflict = await refusalCode(client.syncUp(here.at("t"), "t"));
  expect(conflict).toBe("NOT_A_REGULAR_FILE");
  expect(picture(library.at("t"))["link"]).toBe("file");
  await client.syncUp(here.at("t"), "t", { delete: true });
  expect(picture(library.at("t"))["link"]).toBe("-> a");
  // And what is no link any more goes, too.
  rmSync(here.at("t/link"));
  await client.syncUp(here.at("t"), "t", { delete: true });
  expect(picture(library.at("t"))["link"]).toBeUndefined();
});

const testStore = testExcept(ELSEWHERE, "the store is in the memory of this process");
testStore("links are left out on request, and where the server makes none", async () => {
  using here = new TemporaryFolder();
  using library = new TemporaryFolder();
  plant(here, "t");
  const disk = openDiskStore(library.path);
  const store: Store = new Proxy(disk, {
    get: (_, name) => {
      if (name === "makeLink") return undefined;
      const value: unknown = Reflect.get(disk, name);
      return typeof value === "function" ? (value.bind(disk) as unknown) : value;
    },
  });
  await using server = await startServer({ store });
  await using client = await connect(server.address);
  const all = WITHIN.length + OUT.length;
  expect((await client.putTree(here.at("t"), "skipped", { links: "skip" })).links).toBe(all);
  expect((await client.putTree(here.at("t"), "t")).links).toBe(all);
  expect((await client.syncUp(here.at("t"), "t")).links).toBe(all);
  symlinkSync("a", library.at("t/link"));
  expect((await client.getTree("t", here.at("got"), { links: "skip" })).links).toBe(1);
  expect((await client.syncDown("t", here.at("got"), { links: "skip" })).links).toBe(1);
  expect(Object.values(picture(here.at("got"))).toSorted()).toEqual([
    "file",
    "file",
    "folder",
    "folder",
  ]);
});

describe("a link in the library", () => {
  const REFUSED: readonly [string, string, string][] = [
    ["x", "/etc/passwd", "INVALID_ARGUMENT"],
    ["x", "", "INVALID_ARGUMENT"],
    ["x", "..", "INVALID_ARGUMENT"],
    ["d/x", "../..", "INVALID_ARGUMENT"],
    ["d/x", "e/../../../a", "INVALID_ARGUMENT"],
    ["d/x", "nul\0", "INVALID_ARGUMENT"],
    ["d/x", "a/".repeat(2100), "INVALID_ARGUMENT"],
    ["d/x", "x".repeat(256), "INVALID_ARGUMENT"],
    ["../x", "a", "INVALID_NAME"],
    [".leat", "a", "INVALID_NAME"],
    ["", "a", "INVALID_ARGUMENT"],
    ["gone/x", "a", "NOT_FOUND"],
    ["a", "d", "ALREADY_EXISTS"],
    // Its folder is another one than it seems: ".." would lead higher.
    ["d/e/shallow/x", "../../a", "PERMISSION_DENIED"],
  ];

  test("is refused where it leads out, or is not where it seems to be", async () => {
    using library = new TemporaryFolder();
    plant(library, ".", [["d/e/shallow", "../../d"]]);
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    const before = picture(library.path);
    for (const [path, target, code] of REFUSED) {
      const refused = await refusalCode(client.makeLink(path, target));
      expect([path, target, refused]).toEqual([path, target, code]);
    }
    const after = picture(library.path);
    for (const name of Object.keys(after)) if (name.startsWith(".leat")) delete after[name];
    expect(after).toEqual(before);
  });

  test("is made once by one of many that race, and replaces nothing but a link", async () => {
    using library = new TemporaryFolder();
    plant(library, ".", []);
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => client.makeLink("d/x", `e/${index}`)),
    );
    const first = made.findIndex(({ status }) => status === "fulfilled");
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readlinkSync(library.at("d/x"))).toBe(`e/${first}`);
    const entry = await client.makeLink("d/x", "e", { replace: true });
    expect([entry.link, entry.target]).toEqual([true, "e"]);
    expect(readlinkSync(library.at("d/x"))).toBe("e");
    expect(await refusalCode(client.makeLink("a", "d", { replace: true }))).toBe("ALREADY_EXISTS");
    expect(await refusalCode(client.makeLink("d", "a", { replace: true }))).toBe("IS_A_DIRECTORY");
    expect(readdirSync(library.at("d")).toSorted()).toEqual(["e", "x"]);
  });

  test("leads nobody out when its folder was moved, and nothing can be put through it", async () => {
    using library = new TemporaryFolder();
    plant(library, ".", []);
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    await client.makeLink("d/e/up", "../..");
    await client.rename("d/e/up", "up");
    expect(await refusalCode(client.put("up/x", Buffer.from("x")))).toBe("PERMISSION_DENIED");
    expect(await refusalCode(client.stat("up"))).toBe("PERMISSION_DENIED");
    expect(await refusalCode(client.makeDirectory("up/x", { parents: true }))).toBe(
      "PERMISSION_DENIED",
    );
  });

  test("is not made in a library that is read-only", async () => {
    using library = new TemporaryFolder();
    await using server = await startServer({ library: library.path, readOnly: true });
    await using client = await connect(server.address);
    expect(await refusalCode(client.makeLink("x", "a"))).toBe("READ_ONLY");
  });
});

test("a server that sends links that lead out, or names that are none, makes the client write nothing outside", async () => {
  using here = new TemporaryFolder();
  const link = (name: string, target: string): Init<Entry> => ({
    name,
    kind: "DIRECTORY",
    link: true,
    target,
  });
  const items: readonly Init<TreeItem>[] = [
    { entry: link("..", "a") },
    { entry: link("absolute", "/etc") },
    { entry: link("bell", "\u0007") },
    { entry: { name: "d", kind: "DIRECTORY" } },
    { entry: link("above", "../..") },
    { entry: link("good", "../x") },
    { entry: link("long", "x/".repeat(3000)) },
    { entry: link("zig", "e/../../..") },
    { leave: 1, entry: link("e", "d") },
    { entry: link("nul", "nul\0") },
  ];
  using server = new ScriptedServer({
    request: (operation, stream, peer) => {
      if (operation.case === "walk") {
        expect(operation.value.linkTargets).toBe(true);
        return peer.walk(stream, operation.value.path === "t" ? items : []);
      }
      if (operation.case !== "stat") return peer.fail(stream, "NOT_FOUND");
      peer.answer(stream, { case: "stat", value: { name: "t", kind: "DIRECTORY" } });
    },
  });
  await using client = await connect(server.address);
  const trees = client.getTrees([{ path: "t", local: here.at("got") }]);
  let next = await trees.next();
  const failures: string[] = [];
  for (; next.done !== true; next = await trees.next()) {
    if (next.value.error !== undefined) failures.push(next.value.error.code);
  }
  expect(failures).toEqual(["INVALID_NAME"]);
  expect(next.value.links).toBe(6);
  const wanted = { d: "folder", "d/good": "-> ../x", e: "-> d" };
  expect(picture(here.at("got"))).toEqual(wanted);
  await client.syncDown("t", here.at("synced")).catch(() => {});
  expect(picture(here.at("synced"))).toEqual({ d: "folder", e: "-> d" });
});

test("a server that has no room for a walk is asked again: its lists have no links", async () => {
  using here = new TemporaryFolder();
  using server = new ScriptedServer({
    request: (operation, stream, peer) => {
      if (operation.case === "stat") {
        return peer.answer(stream, { case: "stat", value: { name: "t", kind: "DIRECTORY" } });
      }
      if (server.asked.length % 2 === 1) return peer.walk(stream, [{ entry: TO_A }]);
      const value = { code: "RESOURCE_EXHAUSTED", message: "no", retryable: true } as const;
      peer.frame(stream, { case: "failure", value });
    },
  });
  await using client = await connect(server.address, { retry: 60_000 });
  await client.getTree("t", here.at("got"));
  expect(server.asked).toEqual(["stat", "walk", "walk"]);
  expect(picture(here.at("got"))).toEqual({ link: "-> a" });
});

const TO_A: Init<Entry> = { name: "link", kind: "DIRECTORY", link: true, target: "a" };

test("whether a link leads to something in its tree", () => {
  for (const [path, target] of WITHIN)
    expect([target, leadsWithin(target, path.split("/").length - 1)]).toEqual([target, true]);
  for (const [path, target] of OUT)
    expect([target, leadsWithin(target, path.split("/").length - 1)]).toEqual([target, false]);
  expect(leadsWithin("x".repeat(255), 0)).toBe(true);
  expect(leadsWithin("\ud800", 0)).toBe(false);
});
