/** OutgoingWalk against a slow obvious twin, and IncomingWalk against what a server should not send. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "../../src/hash.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { readPace } from "../../src/store/system/disk-pace.ts";
import type { Store } from "../../src/store/store.ts";
import { IncomingWalk } from "../../src/transfer/incoming-walk.ts";
import { OutgoingWalk } from "../../src/transfer/outgoing-walk.ts";
import type { TreeItem } from "../../src/wire/gen/messages.ts";
import { encodeMessage, type Init } from "../../src/wire/plain.ts";
import { seededRandom } from "../support/chop.ts";
import { TemporaryFolder } from "../support/folder.ts";

// On a busy machine, too, the walk reads what it lists, and does not leave that to a pool.
beforeAll(
  () => void Object.defineProperty(readPace, "mayBlock", { value: true, configurable: true }),
);
afterAll(() => void Reflect.deleteProperty(readPace, "mayBlock"));

const { below } = seededRandom(1811);
const chance = (percent: number): boolean => below(100) < percent;

const UP_TO = 2000;

/** `d/`, `d/f=contents`, `d/large`, `d/link@`. */
type Line = string;

/** Pulls a walk through frames of random lengths. */
async function walk(store: Store, path: string, after?: string): Promise<Line[]> {
  let wake = (): void => {};
  const outgoing = new OutgoingWalk({
    store,
    path,
    after,
    paths: [],
    leftOut: undefined,
    linkTargets: false,
    contentsUpTo: UP_TO,
    onReady: () => wake(),
    onTaken: () => {},
    isOver: () => false,
  });
  const incoming = new IncomingWalk(UP_TO);
  const lines: Line[] = [];
  // As a client that continues behind that item: the same folders are open.
  const open = after?.split("/").slice(0, -1) ?? [];
  const frame = new Uint8Array(300_000);
  while (!outgoing.done) {
    if (outgoing.available === 0) await new Promise<void>((resolve) => (wake = resolve));
    const most = 1 + (chance(50) ? below(50) : below(5000));
    const length = outgoing.make(frame, 100, most);
    expect(length).toBeLessThanOrEqual(most);
    if (length === 0) continue;
    const cut = below(length);
    incoming.push(frame.subarray(100, 100 + cut), undefined);
    incoming.push(frame.subarray(100 + cut, 100 + length), outgoing.endBlock());
    for (let next = incoming.next(); next !== undefined; next = incoming.next()) {
      const { message: item, contents } = next;
      open.length -= item.leave;
      lines.push(line(open, item, contents));
      if (item.entry?.kind === "DIRECTORY" && !item.entry.link) open.push(item.entry.name);
    }
  }
  const { size, crc32: sum } = outgoing.finish();
  incoming.finish({ size, crc32: sum, skippedNames: 0 });
  expect(incoming.isEmpty).toBe(true);
  return lines;
}

function line(open: readonly string[], item: TreeItem, contents: Uint8Array | undefined): Line {
  const { entry, failure, skippedNames } = item;
  if (entry === undefined) return `${open.join("/")}: ${failure?.code ?? skippedNames}`;
  const path = [...open, entry.name].join("/");
  if (entry.link) return `${path}@`;
  if (entry.kind === "DIRECTORY") return `${path}/`;
  return contents === undefined ? path : `${path}=${Buffer.from(contents).toString("latin1")}`;
}

/** The same lines by the plainest means. */
function twin(folder: string, prefix = ""): Line[] {
  return readdirSync(folder)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap((name) => {
      const at = join(folder, name);
      const facts = lstatSync(at);
      const path = `${prefix}${name}`;
      if (facts.isSymbolicLink()) return [`${path}@`];
      if (facts.isDirectory()) return [`${path}/`, ...twin(at, `${path}/`)];
      return [facts.size > UP_TO ? path : `${path}=${readFileSync(at, "latin1")}`];
    });
}

const NAMES = ["a", "b", "B", "ä", "z", ".h", "a b", "-rf", "\u{1f600}", "\uff5e", "x".repeat(255)];

function grow(library: TemporaryFolder, path: string, depth: number): void {
  library.folder(path);
  for (const name of NAMES) {
    const dice = below(100);
    const at = `${path}/${name}`;
    if (dice < 25 && depth > 0) grow(library, at, depth - 1);
    else if (dice < 60) library.file(at, Buffer.alloc(below(100), `${below(10)}`));
    else if (dice < 70) library.file(at, Buffer.alloc(UP_TO - 1 + below(3), "m"));
    else if (dice < 75) symlinkSync(".", library.at(at));
  }
}

describe("a walk", () => {
  test("is what the plainest walk is, in order, whatever the lengths of frames", async () => {
    using library = new TemporaryFolder();
    await using store = openDiskStore(library.path);
    for (let round = 0; round < 5; round += 1) {
      grow(library, `t${round}`, 3);
      expect(await walk(store, `t${round}`)).toEqual(twin(library.at(`t${round}`)));
    }
    expect(await walk(store, "")).toEqual(twin(library.path).filter((path) => path !== ".leat/"));
  });

  test("goes on behind any item, with the same folders open", async () => {
    using library = new TemporaryFolder();
    await using store = openDiskStore(library.path);
    grow(library, "t", 2);
    const all = await walk(store, "t");
    for (const [index, last] of all.entries()) {
      const after = last.replace(/[=@].*/s, "");
      expect(await walk(store, "t", after)).toEqual(all.slice(index + 1));
    }
  });

  test("of a folder with more than a page, and folders as deep as they may be", async () => {
    using library = new TemporaryFolder();
    await using store = openDiskStore(library.path);
    for (let index = 0; index < 3000; index += 1) library.file(`wide/${index}`, `${index}`);
    expect(await walk(store, "wide")).toEqual(twin(library.at("wide")));
    const deep = Array.from({ length: 300 }, () => "d").join("/");
    library.folder(deep);
    const lines = await walk(store, "");
    expect(lines.filter((path) => path.startsWith("d/")).at(-1)).toEndWith(": INVALID_NAME");
  });

  test("sends no contents of a file that is another one than was listed", async () => {
    using library = new TemporaryFolder();
    library.file("t/a", "one");
    library.file("t/b", "two");
    library.file("t/c", "six");
    await using disk = openDiskStore(library.path);
    const store: Store = Object.create(disk, {
      readOnly: { value: false },
      page: {
        value: async (...request: Parameters<Store["page"]>) => {
          const page = await disk.page(...request);
          library.file("t/a", "longer");
          utimesSync(library.at("t/b"), 1, 1);
          return page;
        },
      },
      readWhole: { value: disk.readWhole!.bind(disk) },
    });
    expect(await walk(store, "t")).toEqual(["a", "b", "c=six"]);
  });

  test("tells of a folder that cannot be listed, and goes on", async () => {
    using library = new TemporaryFolder();
    library.file("t/a/x", "x");
    library.file("t/b", "b");
    await using disk = openDiskStore(library.path);
    const store: Store = Object.create(disk, {
      page: {
        value: (folder: string, request: Parameters<Store["page"]>[1]) =>
          folder === "t/a" ? Promise.reject(new Error("EIO")) : disk.page(folder, request),
      },
      readWhole: { value: disk.readWhole!.bind(disk) },
    });
    expect(await walk(store, "t")).toEqual(["a/", "a: INTERNAL", "b=b"]);
  });
});

describe("what comes of a walk", () => {
  const item = (fields: Init<TreeItem>): Uint8Array => encodeMessage("TreeItem", fields, true);
  const push = (bytes: Uint8Array, upTo = UP_TO): IncomingWalk => {
    const incoming = new IncomingWalk(upTo);
    incoming.push(bytes, crc32(bytes));
    return incoming;
  };

  test("is not used before its CRC matched", () => {
    const bytes = item({ entry: { name: "a", kind: "FILE", size: 0 }, contents: true });
    const incoming = new IncomingWalk(UP_TO);
    incoming.push(bytes, undefined);
    expect(incoming.next()).toBeUndefined();
    expect(() => incoming.push(new Uint8Array(1), 1)).toThrow(/CRC-32/);
  });

  test.each([
    ["contents of a folder", item({ entry: { name: "a", kind: "DIRECTORY" }, contents: true })],
    ["contents of nothing", item({ contents: true })],
    [
      "more contents than were asked for",
      item({ entry: { name: "a", kind: "FILE", size: 2001 }, contents: true }),
    ],
    ["an item without end", Uint8Array.of(0xff, 0xff, 0xff, 0x7f)],
    ["a length in another form", Uint8Array.of(0x80, 0x00)],
    ["bytes that are no message", Uint8Array.of(1, 0x0f)],
  ])("may not be %s", (_, bytes) => {
    expect(() => push(bytes).next()).toThrow(expect.objectContaining({ code: "PROTOCOL_ERROR" }));
  });

  test("may be any bytes: they are items, or an error", () => {
    for (let round = 0; round < 500; round += 1) {
      const good = item({ leave: below(3), entry: { name: "a", kind: "FILE", size: below(9) } });
      const bytes = Uint8Array.from({ length: below(60) }, (_, index) => good[index] ?? below(256));
      if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
      const incoming = push(bytes);
      try {
        while (incoming.next() !== undefined) continue;
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "PROTOCOL_ERROR" });
      }
    }
  });
});
