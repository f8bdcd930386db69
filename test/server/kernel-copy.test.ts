/** Files that the kernel moves to sockets, and their slow twin: the same files through a buffer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { createRuntime } from "../../src/connection/runtime.ts";
import { connect, openDiskStore, type Server, type Source, type Store } from "../../src/index.ts";
import { BLOCK_SIZE, KERNEL_COPY_LEAST, KiB, MiB, VERSION_GRAIN } from "../../src/limits.ts";
import { hasSocketCalls } from "../../src/net/socket-calls.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { seededRandom } from "../support/chop.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";
import { until } from "../support/until.ts";

const here = hasSocketCalls() ? describe : describe.skip;
const random = seededRandom(90);
const library = new TemporaryFolder();
/** Another address than clients have: to a server, who asks here is on another machine. */
const ELSEWHERE = "127.0.0.2";
/** More than a connection may send. */
const WIDE = 256 * MiB;

/** Bytes that differ from page to page. */
function contents(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 509) bytes[at] = random.below(256);
  return bytes;
}

afterAll(() => library[Symbol.dispose]());

/** Waits until a change makes another version for sure: only then CRCs of what is sent are kept. */
function settled(name: string): Promise<void> {
  const from = statSync(library.at(name)).ctimeMs + VERSION_GRAIN;
  return until(
    () => Date.now() > from + 1,
    () => from,
  );
}

interface Asked {
  readonly path: string;
  readonly offset?: number;
  readonly length?: number;
  readonly sha256?: boolean;
}

/** A block as it came: where it begins and ends, its bytes and its CRC. */
type Block = readonly [from: number, to: number, bytes: string, crc: number | undefined];

/** All that is heard of a get, its Data joined to blocks: where they are cut may differ. */
async function hear(peer: RawPeer, stream: number, asked: Asked, credit?: () => number) {
  peer.request(stream, { case: "get", value: asked } as Parameters<typeof peer.request>[1]);
  const bodies: unknown[] = [];
  const blocks: Block[] = [];
  let [from, parts] = [-1, [] as Uint8Array[]];
  while (true) {
    const heard = await peer.next();
    if (heard === "end" || heard === "closed") throw new Error(`the connection ended: ${heard}`);
    if ("body" in heard) {
      if (heard.stream !== stream) continue;
      bodies.push(heard.body);
      if (heard.body?.case === "finish" || heard.body?.case === "failure") break;
      continue;
    }
    if (credit) peer.frame(stream, { case: "credit", value: { bytes: credit() } });
    if (from === -1) from = heard.offset;
    parts.push(heard.bytes);
    const to = heard.offset + heard.bytes.length;
    expect(from + parts.reduce((sum, { length }) => sum + length, 0)).toBe(to);
    if (heard.crc32 === undefined) continue;
    blocks.push([from, to, Bun.hash(Buffer.concat(parts)).toString(), heard.crc32]);
    [from, parts] = [-1, []];
  }
  expect(from).toBe(-1);
  return { bodies, blocks };
}

here("the same is heard with and without kernel copy", () => {
  const servers: Server[] = [];
  const sizes = [KERNEL_COPY_LEAST, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 5 * MiB + 12345];

  beforeAll(async () => {
    for (const size of sizes) library.file(`${size}`, contents(size));
    await settled(`${sizes.at(-1)}`);
    for (const kernelCopy of ["off", "on", "auto"] as const) {
      servers.push(await startServer({ library: library.path, kernelCopy, hostname: ELSEWHERE }));
    }
  });

  afterAll(() => Promise.all(servers.map((server) => server.stop({ drain: 0 }))));

  const bothHear = async (asked: Asked, window: number, credit?: number): Promise<void> => {
    const heard = [];
    for (const { port } of servers) {
      using peer = await RawPeer.welcomed(port, window, ELSEWHERE);
      heard.push(await hear(peer, 1, asked, credit === undefined ? undefined : () => credit));
    }
    const [off, on, auto] = heard;
    expect(on).toEqual(off!);
    expect(auto).toEqual(off!);
    expect(off!.bodies).toMatchObject([{ case: "response" }, { case: "finish" }]);
  };

  // The second time the CRCs are known.
  for (const time of ["first", "second"]) {
    test.each(sizes)(`of %p bytes, the ${time} time`, async (size) => {
      await bothHear({ path: `${size}` }, WIDE);
    });
  }

  test("of random ranges with random windows, and credit in random pieces", async () => {
    for (let round = 0; round < 25; round += 1) {
      const size = random.pick(sizes);
      const offset = random.pick([0, random.below(size), random.below(size / MiB) * MiB]);
      const length = random.pick([size, random.below(size - offset + 1)]);
      const small = 20 * KiB + random.below(MiB);
      const [window, credit] = random.pick([
        [WIDE, undefined],
        [small, small],
      ]);
      const sha256 = random.below(8) === 0;
      await bothHear({ path: `${size}`, offset, length, sha256 }, window, credit);
    }
  });

  test("and the second time hardly a byte of it is read", async () => {
    const size = sizes.at(-1)!;
    await settled(`${size}`);
    await using stage = new Stage("auto", library, ELSEWHERE);
    await using client = await connect(stage.server.address);
    await (await client.get(`${size}`)).bytes();
    expect(stage.read).toBe(size);
    await (await client.get(`${size}`)).bytes();
    // What finds out whether there is room is read.
    expect(stage.read).toBeLessThan(1.25 * size);
  });

  test("but all of it for who is on the same machine, unless it is on", async () => {
    const size = sizes.at(-1)!;
    await settled(`${size}`);
    for (const [mode, most] of [
      ["auto", 2],
      ["on", 1.5],
    ] as const) {
      await using stage = new Stage(mode, library);
      await using client = await connect(stage.server.address);
      for (let time = 0; time < 2; time += 1) await (await client.get(`${size}`)).bytes();
      expect(stage.read, mode).toBeLessThanOrEqual(most * size);
      expect(stage.read, mode).toBeGreaterThan((most - 0.5) * size);
    }
  });

  test("on a Unix socket", async () => {
    const unix = library.at("socket");
    const size = sizes.at(-1)!;
    await using server = await startServer({ library: library.path, unix, kernelCopy: "on" });
    await using client = await connect(server.address);
    const bytes = await (await client.get(`${size}`)).bytes();
    expect(Buffer.compare(bytes, await Bun.file(library.at(`${size}`)).bytes())).toBe(0);
  });

  test("of many streams at once, with answers between their Data", async () => {
    await using client = await connect(servers[1]!.address);
    const downloads = Array.from({ length: 24 }, async (_, n) => {
      const size = sizes[n % sizes.length]!;
      const bytes = await (await client.get(`${size}`)).bytes();
      return Buffer.compare(bytes, await Bun.file(library.at(`${size}`)).bytes());
    });
    const stats = Array.from({ length: 200 }, async () => (await client.stat(`${sizes[0]}`)).size);
    expect(new Set(await Promise.all(stats))).toEqual(new Set(sizes.slice(0, 1)));
    expect(new Set(await Promise.all(downloads))).toEqual(new Set([0]));
  });
});

/** A server of this process, its buffers to be looked at, and a store that counts what is read. */
class Stage implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly runtime = createRuntime();
  readonly server: LeatServer;
  /** Bytes that were read from files. */
  read = 0;

  constructor(
    kernelCopy: "on" | "auto" = "on",
    folder = new TemporaryFolder(),
    hostname = "127.0.0.1",
  ) {
    this.folder = folder;
    const disk = openDiskStore(this.folder.path);
    const store: Store = {
      readOnly: false,
      open: async (path) => this.#counted(await disk.open(path)),
      create: (path, options) => disk.create(path, options),
      stat: (path) => disk.stat(path),
      page: (folder, request) => disk.page(folder, request),
      remove: (path, ifMatch) => disk.remove(path, ifMatch),
      makeDirectory: (path, parents) => disk.makeDirectory(path, parents),
      [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
    };
    this.server = new LeatServer(new Host(store, { kernelCopy, durability: "none" }, this.runtime));
    this.server.listen({ hostname, port: 0 });
  }

  /** Somebody asked for a file and reads nothing of it: it is in the middle of a frame. */
  async stuck(path: string): Promise<RawPeer> {
    const peer = await RawPeer.welcomed(this.server.port, WIDE);
    peer.request(1, { case: "get", value: { path } } as Parameters<typeof peer.request>[1]);
    expect(await peer.body(1)).toMatchObject({ case: "response" });
    peer.pause();
    let sent = -1;
    // It comes to a stop.
    while (sent !== (await this.#sent())) {
      sent = await this.#sent();
      await Bun.sleep(20);
    }
    return peer;
  }

  async #sent(): Promise<number> {
    await using client = await connect(this.server.address);
    return (await client.status()).bytesSent;
  }

  #counted(source: Source): Source {
    const read: Source["read"] = (into, position) => {
      this.read += into.length;
      return source.read(into, position);
    };
    return {
      synchronous: source.synchronous,
      entry: source.entry,
      settled: source.settled === true,
      get fd() {
        return source.fd!;
      },
      read,
      currentVersion: () => source.currentVersion(),
      comparableIn: () => source.comparableIn?.(),
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop({ drain: 0 });
    if (this.folder !== library) this.folder[Symbol.dispose]();
  }
}

/** What comes of a stream that was begun, Data and the last frame. */
async function rest(peer: RawPeer): Promise<{ bytes: Uint8Array; end: unknown }> {
  const parts: Uint8Array[] = [];
  while (true) {
    const heard = await peer.next();
    if (heard === "end" || heard === "closed") throw new Error(`the connection ended: ${heard}`);
    if ("bytes" in heard) parts.push(heard.bytes);
    else if (heard.stream === 1) return { bytes: Buffer.concat(parts), end: heard.body };
  }
}

here("a file that is sent by the kernel", () => {
  const SIZE = 24 * MiB;
  const BYTES = contents(SIZE);

  test("takes no buffer while its reader stops, and goes on when it reads", async () => {
    await using stage = new Stage();
    stage.folder.file("f", BYTES);
    using peer = await stage.stuck("f");
    expect(stage.runtime.pool.taken).toBe(0);
    peer.resume();
    const { bytes, end } = await rest(peer);
    expect(Buffer.compare(bytes, BYTES)).toBe(0);
    expect(end).toMatchObject({ case: "finish", value: { size: SIZE } });
  });

  test("that shrinks ends in CHANGED behind whole frames, and the connection goes on", async () => {
    await using stage = new Stage();
    const path = stage.folder.file("f", BYTES);
    using peer = await stage.stuck("f");
    truncateSync(path, 100);
    peer.resume();
    const { bytes, end } = await rest(peer);
    expect(end).toMatchObject({ case: "failure", value: { code: "CHANGED" } });
    // At most the frame that was begun is filled up.
    expect(bytes.length).toBeLessThan(SIZE);
    peer.request(2, { case: "stat", value: { path: "f" } });
    expect(await peer.body(2)).toMatchObject({ case: "response" });
  });

  test("that is overwritten in place ends in CHANGED", async () => {
    await using stage = new Stage();
    const path = stage.folder.file("f", BYTES);
    using peer = await stage.stuck("f");
    await Bun.write(path, contents(SIZE));
    peer.resume();
    expect((await rest(peer)).end).toMatchObject({ case: "failure", value: { code: "CHANGED" } });
  });

  test.each(["replaced", "removed"])("that is %s comes whole, as it was", async (how) => {
    await using stage = new Stage();
    const path = stage.folder.file("f", BYTES);
    using peer = await stage.stuck("f");
    if (how === "removed") rmSync(path);
    else renameSync(stage.folder.file("other", "other"), path);
    peer.resume();
    const { bytes, end } = await rest(peer);
    expect(end).toMatchObject({ case: "finish" });
    expect(Buffer.compare(bytes, BYTES)).toBe(0);
  });

  test("and given up is closed when the frame at hand has left", async () => {
    await using stage = new Stage();
    const path = stage.folder.file("f", BYTES);
    using peer = await stage.stuck("f");
    peer.frame(1, { case: "cancel", value: {} });
    peer.resume();
    const { bytes, end } = await rest(peer);
    expect(end).toMatchObject({ case: "failure", value: { code: "CANCELLED" } });
    expect(bytes.length).toBeLessThan(SIZE);
    expect(Buffer.compare(bytes, BYTES.subarray(0, bytes.length))).toBe(0);
    expect(openUnder(path)).toEqual([]);
  });

  test("is closed when its reader is gone", async () => {
    await using stage = new Stage();
    const path = stage.folder.file("f", BYTES);
    const peer = await stage.stuck("f");
    expect(openUnder(path)).toEqual([path]);
    peer[Symbol.dispose]();
    await until(
      () => openUnder(path).length === 0,
      () => openUnder(path),
    );
    expect(stage.runtime.pool.taken).toBe(0);
  });

  test("is hardly read when its blocks came by an upload", async () => {
    await using stage = new Stage("auto", new TemporaryFolder(), ELSEWHERE);
    await using client = await connect(stage.server.address);
    await client.put("f", BYTES);
    const read = async (name: string): Promise<number> => {
      const before = stage.read;
      expect(Buffer.compare(await (await client.get(name)).bytes(), BYTES)).toBe(0);
      return stage.read - before;
    };
    // What finds out whether there is room is read.
    expect(await read("f")).toBeLessThan(SIZE / 4);
    stage.folder.file("g", BYTES);
    expect(await read("g")).toBe(SIZE);
    expect(await read("g")).toBe(SIZE); // too young to be sure of
  });
});
