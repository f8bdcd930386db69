/** Trees on one stream, from clients that send what a test wants: right, in any pieces, and wrong. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type Server } from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { BLOCK_SIZE, MAX_WALKS, OUTCOME_BYTES, SMALL_FILE, TREE_FILE } from "../../src/limits.ts";
import type {
  FolderAttributes,
  PutTree,
  TreeItem,
  TreeOutcome,
} from "../../src/wire/gen/messages.ts";
import { decodeMessage, encodeMessage, type Init } from "../../src/wire/plain.ts";
import { readVarint, varintLength } from "../../src/wire/varint.ts";
import { join, seededRandom } from "../support/chop.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { LONG, testExcept, testPlain, WAY, WORKERS } from "../support/ways.ts";
import { createUsers } from "../support/users.ts";
import { until } from "../support/until.ts";

const library = new TemporaryFolder();
const around = new TemporaryFolder();
/** `unreplaced`: with "fsync", and its clients may replace nothing. */
const servers: Partial<Record<"none" | "fsync" | "unreplaced", Server>> = {};

beforeAll(async () => {
  for (const durability of ["none", "fsync"] as const) {
    servers[durability] = await startServer({ library: library.path, durability });
  }
  const allow = { "": ["list", "read", "write", "mkdir"] };
  const users = createUsers(around, { anonymous: { allow } }).path;
  servers.unreplaced = await startServer({ library: library.path, durability: "fsync", users });
});

afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop({ drain: 0 });
  library[Symbol.dispose]();
  around[Symbol.dispose]();
});

const DURABILITIES = ["none", "fsync"] as const;
const random = seededRandom(1812);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An item of a file with these contents, or of a folder. */
function item(name: string, contents?: string, over: Init<TreeItem> = {}): Uint8Array {
  const bytes = contents === undefined ? undefined : bytesOf(contents);
  const kind = bytes === undefined ? "DIRECTORY" : "FILE";
  const entry = { name, kind, size: bytes?.length ?? 0, mode: 0o644 } as const;
  const init = { entry, contents: bytes !== undefined, ...over };
  return join([encodeMessage("TreeItem", init, true), bytes ?? new Uint8Array(0)]);
}

/** Attributes of a folder. */
function attributes(path: string, over: Init<FolderAttributes> = {}): Uint8Array {
  const modified = { seconds: 1_000_000, nanoseconds: 5 };
  return encodeMessage("TreeItem", { attributes: { path, modified, ...over } }, true);
}

/** Bytes of the longest outcome without a failure. */
const MOST_OUTCOME = 160;

/** One put_tree as a client may send it: in frames of any length, as credit allows. */
class RawTree {
  readonly peer: RawPeer;
  readonly stream: number;
  readonly outcomes: TreeOutcome[] = [];
  /** Its terminal frame: `finish`, or the code of a failure. */
  end: string | undefined;
  /** As the server has answered. */
  contentsUpTo = 0;
  #credit = 0;
  #offset = 0;
  #sum = 0;
  #came: Uint8Array = new Uint8Array(0);
  #isAnswered = false;

  constructor(peer: RawPeer, stream = 1) {
    this.peer = peer;
    this.stream = stream;
  }

  static async begin(
    durability: keyof typeof servers,
    value: Init<PutTree>,
    window?: number,
  ): Promise<RawTree> {
    const peer = await RawPeer.connect(servers[durability]!.port);
    peer.hello(window);
    const first = await peer.next();
    if (typeof first === "string" || !("body" in first) || first.body?.case !== "welcome") {
      throw new Error(`no Welcome but ${JSON.stringify(first)}`);
    }
    const tree = new RawTree(peer);
    tree.#credit = first.body.value.initialWindow;
    peer.request(1, { case: "putTree", value });
    while (!tree.#isAnswered && tree.end === undefined) await tree.read();
    return tree;
  }

  /** Reads one frame. */
  async read(): Promise<void> {
    const heard = await this.peer.next();
    if (typeof heard === "string") {
      this.end ??= heard;
      return;
    }
    if (heard.stream !== this.stream) return;
    if ("bytes" in heard) {
      expect(heard.crc32).toBe(crc32(heard.bytes));
      this.#came = join([this.#came, heard.bytes]);
      return this.#read();
    }
    const { body } = heard;
    if (body?.case === "response") {
      this.#isAnswered = true;
      const { result } = body.value;
      if (result?.case === "putTree") this.contentsUpTo = result.value.contentsUpTo;
    } else if (body?.case === "credit") this.#credit += body.value.bytes;
    else if (body?.case === "finish") this.end = "finish";
    else if (body?.case === "failure") this.end = body.value.code;
  }

  #read(): void {
    let at = 0;
    for (let length = readVarint(this.#came, at, this.#came.length); length >= 0;) {
      const start = at + varintLength(length);
      if (start + length > this.#came.length) break;
      this.outcomes.push(decodeMessage("TreeOutcome", this.#came, start, start + length));
      at = start + length;
      length = readVarint(this.#came, at, this.#came.length);
    }
    this.#came = this.#came.slice(at);
  }

  /** Sends bytes of the sequence in frames of at most `most` bytes. @param crc wrong where a test wants that */
  async send(
    bytes: Uint8Array,
    { most = 50_000, crc = crc32 }: { most?: number; crc?: (bytes: Uint8Array) => number } = {},
  ): Promise<void> {
    for (let at = 0; at < bytes.length && this.end === undefined;) {
      while (this.#credit === 0 && this.end === undefined) await this.read();
      const room = Math.min(this.#credit, BLOCK_SIZE - (this.#offset % BLOCK_SIZE));
      const length = Math.min(bytes.length - at, room, 1 + random.below(most));
      const payload = bytes.subarray(at, at + length);
      this.peer.data(this.stream, this.#offset, payload, crc(payload));
      this.#sum = crc32(payload, this.#sum);
      this.#credit -= length;
      this.#offset += length;
      at += length;
    }
  }

  finish(): void {
    const value = { size: this.#offset, crc32: this.#sum };
    this.peer.frame(this.stream, { case: "finish", value });
  }

  /** Waits for the end of the stream. @returns it, and the code or "" of each outcome */
  async ended(): Promise<[string, string[]]> {
    while (this.end === undefined) await this.read();
    return [this.end, this.codes];
  }

  get codes(): string[] {
    return this.outcomes.map(({ failure, skipped }) => failure?.code ?? (skipped ? "skipped" : ""));
  }
}

/** Sends all of a tree. */
async function put(
  durability: keyof typeof servers,
  value: Init<PutTree>,
  ...items: readonly Uint8Array[]
): Promise<[string, string[]]> {
  const tree = await RawTree.begin(durability, value);
  using _peer = tree.peer;
  await tree.send(join(items));
  tree.finish();
  return await tree.ended();
}

const GOOD = item("good", "good");

/** What is below a folder of the library: `a/`, `a/f=contents`. */
function there(folder: string, prefix = ""): string[] {
  const path = library.at(folder);
  if (!existsSync(path)) return [];
  return readdirSync(path).flatMap((name) => {
    const at = joinPath(folder, name);
    if (lstatSync(library.at(at)).isDirectory()) {
      return [`${prefix}${name}/`, ...there(at, `${prefix}${name}/`)];
    }
    return [`${prefix}${name}=${readFileSync(library.at(at), "latin1")}`];
  });
}

interface Grown {
  readonly items: Uint8Array[];
  /** What they are to become. */
  readonly lines: string[];
  /** Folders that the next item leaves. */
  readonly left: number;
}

/** A random tree. */
function grow(prefix: string, depth: number): Grown {
  const items: Uint8Array[] = [];
  const lines: string[] = [];
  let leave = 0;
  for (const name of ["a", "B", "ä", ".h", "a b", "-rf", "\u{1f600}", "x".repeat(255)]) {
    const dice = random.below(100);
    if (dice < 30 && depth > 0) {
      const inside = grow(`${prefix}${name}/`, depth - 1);
      items.push(item(name, undefined, { leave }), ...inside.items);
      lines.push(`${prefix}${name}/`, ...inside.lines);
      leave = 1 + inside.left;
    } else if (dice < 80) {
      const length = dice < 35 ? SMALL_FILE - random.below(2) : random.below(3000);
      const contents = String.fromCharCode(97 + random.below(26)).repeat(length);
      items.push(item(name, contents, { leave }));
      lines.push(`${prefix}${name}=${contents}`);
      leave = 0;
    }
  }
  return { items, lines, left: leave };
}

/** A process or thread has a part of the memory: that is enough for one tree, and for smaller files in it. */
const whole = testExcept(["processes", "threads"], "a client has memory for one tree");

describe.each(DURABILITIES)("a tree that is put with %s", (durability) => {
  const at = (name: string): string => `${durability}-${name}`;

  testPlain("its peer writes without waiting")(
    "is what its items say, whatever the lengths of frames",
    async () => {
      for (let round = 0; round < (LONG ? 12 : 3); round += 1) {
        const path = at(`random/${round}`);
        const { items, lines } = grow("", LONG || round > 0 ? 3 : 2);
        const tree = await RawTree.begin(durability, { path });
        using _peer = tree.peer;
        await tree.send(join(items), { most: [10, 1000, 100_000][round % 3]! });
        tree.finish();
        expect(await tree.ended()).toEqual(["finish", items.map(() => "")]);
        expect(there(path).toSorted()).toEqual(lines.toSorted());
        const files = tree.outcomes.filter(({ version }) => version !== "");
        expect(files).toHaveLength(lines.filter((line) => line.includes("=")).length);
        const expected = durability === "none" ? "DURABILITY_NONE" : "DURABILITY_FSYNC";
        expect(new Set(files.map((file) => file.durability))).toEqual(new Set([expected]));
      }
    },
  );

  whole("has files of less than a block", async () => {
    const path = at("middle");
    const tree = await RawTree.begin(durability, { path });
    using _peer = tree.peer;
    // A worker has a part of the memory, which is enough for files half as large.
    const least = WAY === "workers" ? TREE_FILE / WORKERS : TREE_FILE;
    expect(tree.contentsUpTo).toBeWithin(least, TREE_FILE + 1);
    const contents = "m".repeat(tree.contentsUpTo);
    await tree.send(join([item("a", contents), item("b", "b"), item("c", contents)]));
    tree.finish();
    expect(await tree.ended()).toEqual(["finish", ["", "", ""]]);
    expect(there(path).toSorted()).toEqual([`a=${contents}`, "b=b", `c=${contents}`]);
  });

  test("has the times and modes that were sent", async () => {
    const modified = { seconds: 1_000_000, nanoseconds: 5 };
    const entry = { name: "f", kind: "FILE", size: 1, modified, mode: 0o640 } as const;
    await put(durability, { path: at("facts") }, item("f", "x", { entry }));
    const facts = statSync(library.at(at("facts/f")), { bigint: true });
    expect([facts.mtimeNs, Number(facts.mode & 0o777n)]).toEqual([1_000_000_000_000_005n, 0o640]);
    const odd = { ...entry, name: "g", mode: 0o440 };
    await put(durability, { path: at("facts") }, item("g", "x", { entry: odd }));
    expect(statSync(library.at(at("facts/g"))).mode & 0o777).toBe(0o440);
  });

  test("gives folders their times and modes behind all items before, whatever folder is open", async () => {
    const path = at("attributes");
    const facts = (name: string): [bigint, number] => {
      const { mtimeNs, mode } = statSync(library.at(path, name), { bigint: true });
      return [mtimeNs, Number(mode & 0o777n)];
    };
    const items = [
      item("a", undefined, { entry: { name: "a", kind: "DIRECTORY", mode: 0o755 } }),
      item("x", "x".repeat(1000)),
      item("b", undefined, { entry: { name: "b", kind: "DIRECTORY", mode: 0o500 } }),
      item("y", "y"),
      attributes("a/b", { mode: 0o500 }),
      item("c", undefined, { entry: { name: "c", kind: "DIRECTORY", mode: 0o755 }, leave: 1 }),
      item("z", "z"),
      attributes("a", { modified: undefined, mode: 0o555 }),
      attributes("a"),
      attributes(""),
    ];
    expect(await put(durability, { path }, ...items)).toEqual(["finish", items.map(() => "")]);
    const time = 1_000_000_000_000_005n;
    expect([facts(""), facts("a"), facts("a/b")]).toEqual([
      [time, 0o755],
      [time, 0o555],
      [time, 0o500],
    ]);
    expect(facts("a/c")[0]).toBeGreaterThan(time);
  });

  test.each<[string, Uint8Array]>([
    ["INVALID_NAME", attributes("../a")],
    ["INVALID_NAME", attributes("/a")],
    ["INVALID_NAME", attributes("a/")],
    ["INVALID_NAME", attributes(`${"x".repeat(256)}/a`)],
    ["INVALID_ARGUMENT", attributes("a", { mode: 0o1777 })],
    ["INVALID_ARGUMENT", attributes("a", { modified: { seconds: 0, nanoseconds: 1e9 } })],
    ["NOT_A_DIRECTORY", attributes("good")],
  ])("has its own outcome for attributes that are none: %s", async (code, wrong) => {
    const path = at("no-attributes");
    const options = { path, ifExists: "REPLACE" } as const;
    expect(await put(durability, options, GOOD, wrong, GOOD)).toEqual(["finish", ["", code, ""]]);
  });

  test("has no attributes for the library itself", async () => {
    const modeAndTime = (): unknown => {
      const { mode, mtimeNs } = statSync(library.path, { bigint: true });
      return [mode, mtimeNs];
    };
    const before = modeAndTime();
    const mode = statSync(library.path).mode & 0o077;
    expect(await put(durability, { path: "" }, attributes("", { mode }))).toEqual(["finish", [""]]);
    expect(modeAndTime()).toEqual(before);
  });

  test("has no attributes for the store's own folder", async () => {
    const before = statSync(library.at(".leat")).mtimeMs;
    const [end, codes] = await put(
      durability,
      { path: "" },
      attributes(".leat"),
      attributes(".LEAT"),
    );
    expect([end, codes]).toEqual(["finish", ["INVALID_NAME", "INVALID_NAME"]]);
    expect(statSync(library.at(".leat")).mtimeMs).toBe(before);
  });

  test("leaves, replaces or refuses files that are there, as it says", async () => {
    const [old, young] = [item("f", "old"), item("f", "young")];
    const path = at("rules");
    expect(await put(durability, { path }, old)).toEqual(["finish", [""]]);
    expect(await put(durability, { path }, young, GOOD)).toEqual([
      "finish",
      ["ALREADY_EXISTS", ""],
    ]);
    expect(await put(durability, { path, ifExists: "SKIP" }, young)).toEqual([
      "finish",
      ["skipped"],
    ]);
    expect(there(path)).toContain("f=old");
    expect(await put(durability, { path, ifExists: "REPLACE" }, young)).toEqual(["finish", [""]]);
    expect(there(path)).toContain("f=young");
  });

  test("counts a file of an earlier try as stored, and no other", async () => {
    const path = at("again");
    await put(
      durability,
      { path },
      item("same", "abc"),
      item("other", "abc"),
      item("longer", "abcd"),
    );
    const again = (name: string): Uint8Array =>
      item(name, name === "other" ? "abd" : "abc", { again: true });
    const items = ["same", "other", "longer", "new"].map(again);
    const expected = ["", "ALREADY_EXISTS", "ALREADY_EXISTS", ""];
    expect(await put(durability, { path }, ...items)).toEqual(["finish", expected]);
    expect(await put(durability, { path, ifExists: "SKIP" }, ...items)).toEqual([
      "finish",
      ["", "skipped", "skipped", ""],
    ]);
    const lines = ["longer=abcd", "new=abc", "other=abc", "same=abc"];
    expect(there(path).toSorted()).toEqual(lines);
  });

  test.each(["", ".", "..", "../up", "a/b", "nul\0", "x".repeat(256), "/etc"])(
    "has no place for the name %j",
    async (name) => {
      const path = at("names");
      const around = [item(name, "bad"), item(name), item("in", "bad")];
      const [end, codes] = await put(
        durability,
        { path },
        ...around,
        item("good", "", { leave: 1 }),
      );
      expect([end, codes[0], codes[1], codes[2]]).toEqual([
        "finish",
        "INVALID_NAME",
        "INVALID_NAME",
        "NOT_FOUND",
      ]);
      expect(there(path)).toEqual(["good="]);
    },
  );

  test.each([".leat", ".LEAT", ".Leat"])(
    "does not touch the store's own folder, %s",
    async (name) => {
      const before = readdirSync(library.at(".leat"));
      const [end, codes] = await put(durability, { path: "" }, item(name), item("in", "bad"));
      expect([end, codes]).toEqual(["finish", ["INVALID_NAME", "NOT_FOUND"]]);
      expect(await put(durability, { path: "" }, item(name, "bad"))).toEqual([
        "finish",
        ["INVALID_NAME"],
      ]);
      const refused = await put(durability, { path: `${name}/x` }, GOOD);
      expect(refused).toEqual(["INVALID_NAME", []]);
      expect(readdirSync(library.at(".leat"))).toEqual(before);
    },
  );

  test("has its own outcome for facts that are out of bounds", async () => {
    const entry = { name: "f", kind: "FILE", size: 1 } as const;
    const mode = item("f", "x", { entry: { ...entry, mode: 0o1777 } });
    const time = item("f", "x", {
      entry: { ...entry, modified: { seconds: 0, nanoseconds: 1_000_000_000 } },
    });
    const codes = ["INVALID_ARGUMENT", "INVALID_ARGUMENT", ""];
    expect(await put(durability, { path: at("bounds") }, mode, time, GOOD)).toEqual([
      "finish",
      codes,
    ]);
    expect(there(at("bounds"))).toEqual(["good=good"]);
  });

  test.each<[string, string, readonly Uint8Array[]]>([
    ["leaves a folder that it did not enter", "PROTOCOL_ERROR", [item("a", "x", { leave: 1 })]],
    ["has an item about nothing", "PROTOCOL_ERROR", [item("a", "x", { entry: undefined })]],
    ["has a file without contents", "PROTOCOL_ERROR", [item("a", "", { contents: false })]],
    [
      "has a file that is too large",
      "PROTOCOL_ERROR",
      [
        item("a", "", { entry: { name: "a", kind: "FILE", size: TREE_FILE + 1 } }),
        new Uint8Array(TREE_FILE + 1),
      ],
    ],
    [
      "has more contents than it declares",
      "PROTOCOL_ERROR",
      [
        item("a", "xx", { entry: { name: "a", kind: "FILE", size: 1 } }),
        Uint8Array.of(0, 255, 255),
      ],
    ],
    ["ends in the middle of an item", "PROTOCOL_ERROR", [item("a", "xyz").subarray(0, -1)]],
    [
      "is deeper than any folder may be",
      "PROTOCOL_ERROR",
      Array.from({ length: 300 }, () => item("d")),
    ],
  ])("and %s fails", async (what, code, items) => {
    const path = at(what.replaceAll(" ", "-"));
    const [end] = await put(durability, { path }, GOOD, ...items);
    expect(end).toBe(code);
    const files = there(path).filter((line) => line.includes("=") && !line.startsWith("good="));
    // Until the sequence cannot be read any more, it is about a file.
    expect(what.startsWith("has more") ? ["a=x"] : []).toEqual(expect.arrayContaining(files));
  });

  test("and arrives damaged fails before anything of it is stored", async () => {
    const tree = await RawTree.begin(durability, { path: at("damaged") });
    using _peer = tree.peer;
    await tree.send(GOOD, { crc: (bytes) => (crc32(bytes) ^ 1) >>> 0 });
    expect(await tree.ended()).toEqual(["CHECKSUM_MISMATCH", []]);
    expect(there(at("damaged"))).toEqual([]);
  });

  test("ignores what comes behind its Finish", async () => {
    const tree = await RawTree.begin(durability, { path: at("late") });
    using _peer = tree.peer;
    await tree.send(item("f", "x"));
    tree.finish();
    await tree.send(GOOD);
    expect(await tree.ended()).toEqual(["finish", [""]]);
    expect(there(at("late"))).toEqual(["f=x"]);
  });

  test("waits while its outcomes are not read, and goes on then", async () => {
    const path = at("unread");
    const tree = await RawTree.begin(durability, { path }, 0);
    using _peer = tree.peer;
    const count = 6000;
    const items = Array.from({ length: count }, (_, index) =>
      item(`${index}`.padStart(5, "0"), ""),
    );
    const sending = tree.send(join(items), { most: 4000 });
    const stored = (): number => readdirSync(library.at(path)).length;
    await until(() => stored() >= OUTCOME_BYTES / MOST_OUTCOME);
    await sending;
    // Each outcome takes a bound of some bytes: no more can have been stored.
    expect(stored()).toBeLessThan(count);
    tree.peer.frame(1, { case: "credit", value: { bytes: 2 ** 30 } });
    tree.finish();
    expect(await tree.ended()).toEqual(["finish", items.map(() => "")]);
    expect(stored()).toBe(count);
  });

  test.each([true, false])(
    "ends with a client that has ended, whole: %p, and gave no credit",
    async (whole) => {
      const tree = await RawTree.begin(durability, { path: at("starved") }, 0);
      using _peer = tree.peer;
      await tree.send(item("f", "x"));
      if (whole) tree.finish();
      tree.peer.fin();
      expect(await tree.ended()).toEqual(["CONNECTION_LOST", []]);
      await tree.peer.ended();
    },
  );
});

whole("a connection may put so many trees at once", async () => {
  using peer = await RawPeer.welcomed(servers.none!.port);
  for (let stream = 1; stream <= MAX_WALKS; stream += 1) {
    peer.request(stream, { case: "putTree", value: { path: "many" } });
    expect((await peer.body(stream)).case).toBe("response");
  }
  peer.request(MAX_WALKS + 1, { case: "putTree", value: { path: "many" } });
  expect((await peer.failure(MAX_WALKS + 1)).code).toBe("RESOURCE_EXHAUSTED");
  peer.frame(1, { case: "cancel", value: {} });
  peer.request(MAX_WALKS + 2, { case: "putTree", value: { path: "many" } });
  expect((await peer.body(MAX_WALKS + 2)).case).toBe("response");
});

test.each<[string, string, string]>([
  ["a file", "plain", "NOT_A_DIRECTORY"],
  ["a folder in a file", "plain/below", "NOT_A_DIRECTORY"],
  ["no path", "a//b", "INVALID_NAME"],
])("%s is not filled", async (_, path, code) => {
  library.file("plain", "x");
  const tree = await RawTree.begin("none", { path });
  using _peer = tree.peer;
  expect((await tree.ended())[0]).toBe(code);
});

test("a folder that cannot be made fails with what is in it, and nothing else does", async () => {
  library.file("blocked/a", "file");
  const items = [
    item("a"),
    item("x", "x"),
    item("b"),
    item("y", "y"),
    item("good", "", { leave: 2 }),
  ];
  const [end, codes] = await put("none", { path: "blocked" }, ...items);
  expect([end, codes.slice(1)]).toEqual(["finish", ["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", ""]]);
  expect(codes[0]).not.toBe("");
  expect(there("blocked").toSorted()).toEqual(["a=file", "good="]);
});

test("clients that leave in the middle leave nothing open, and take nothing from others", async () => {
  const big = "x".repeat(SMALL_FILE);
  for (let round = 0; round < 100; round += 1) {
    const durability = DURABILITIES[round % 2]!;
    const tree = await RawTree.begin(durability, { path: "left", ifExists: "REPLACE" });
    using _peer = tree.peer;
    await tree.send(
      join([item("a", big), item("b"), item("c", big), item("d", big).subarray(0, -1)]),
    );
  }
  const files = new Set(["left/a", "left/b/c"].map((path) => library.at(path)));
  const open = (): string[] => openUnder(library.path).filter((path) => files.has(path));
  await until(() => open().length === 0, open);
  expect(await put("none", { path: "left" }, item("last", "x"))).toEqual(["finish", [""]]);
  expect(existsSync(library.at("left/b/d"))).toBe(false);
});

test("a file of an earlier try is stored for one who may not replace it, and is not said to be on disk", async () => {
  const path = "unreplaced";
  await put("unreplaced", { path }, item("same", "abc"));
  const tree = await RawTree.begin("unreplaced", { path });
  using _peer = tree.peer;
  await tree.send(item("same", "abc", { again: true }));
  tree.finish();
  expect(await tree.ended()).toEqual(["finish", [""]]);
  expect(tree.outcomes).toMatchObject([{ durability: "DURABILITY_NONE" }]);
});
