/** Receipts that were lost, and tries that meet: what an upload is answered with when it comes again. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { connect, createServer, type Server } from "../../src/index.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { BLOCK_SIZE, MiB } from "../../src/limits.ts";
import { writePace } from "../../src/store/system/disk-pace.ts";
import type { Put } from "../../src/wire/gen/messages.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { contents } from "../support/contents.ts";
import { refusal } from "../support/refusal.ts";
import { until } from "../support/until.ts";
import { testTogether } from "../support/ways.ts";

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await startServer({ library: library.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

const newId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
const partials = (): string[] => readdirSync(library.at(PARTIALS));

/** Asks for an upload; sends what `bytes` has from `from` on, in blocks, and Finish if it is all. */
function send(peer: RawPeer, stream: number, bytes: Uint8Array, request: Partial<Put>): void {
  peer.request(stream, { case: "put", value: { size: bytes.length, ...request } });
}

/** Sends a part of it, no faster than it is written: so there is credit; Finish, if it is the end. */
async function data(
  peer: RawPeer,
  stream: number,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): Promise<void> {
  for (let at = from; at < to;) {
    const end = Math.min(to, at + 64 * 1024);
    const ends = end % BLOCK_SIZE === 0 || end === bytes.length;
    const start = Math.max(from, (Math.ceil(end / BLOCK_SIZE) - 1) * BLOCK_SIZE);
    const sum = ends ? crc32(bytes.subarray(start, end)) : undefined;
    peer.data(stream, at, bytes.subarray(at, end), sum);
    at = end;
    if (at % (MiB / 8) === 0 && at < bytes.length) await until(() => hasPartial(at));
  }
  if (to !== bytes.length) return;
  peer.frame(stream, { case: "finish", value: { size: bytes.length, crc32: crc32(bytes) } });
}

const hasPartial = (size: number): boolean =>
  partials().some((name) => statSync(library.at(PARTIALS, name)).size === size);

/** The next answer on a stream that is no Credit. */
async function answer(peer: RawPeer, stream: number) {
  let body = await peer.body(stream);
  while (body.case === "credit") body = await peer.body(stream);
  return body;
}

/** Uploads a small file, and hears nothing of it. */
async function unheard(path: string, bytes: Uint8Array, uploadId: Uint8Array): Promise<void> {
  using peer = await RawPeer.welcomed(server.port);
  peer.pause();
  send(peer, 1, bytes, { path, uploadId });
  await data(peer, 1, bytes);
  await until(() => statSync(library.at(path), { throwIfNoEntry: false })?.size === bytes.length);
}

/** What the upload is answered with when it comes again. */
async function again(path: string, bytes: Uint8Array, request: Partial<Put>) {
  using peer = await RawPeer.welcomed(server.port);
  send(peer, 1, bytes, { path, resume: true, ...request });
  return await answer(peer, 1);
}

describe("an upload whose receipt was lost", () => {
  const bytes = contents(5000, 1);

  test("is answered with the receipt, by the next server, too", async () => {
    const uploadId = newId();
    await unheard("lost", bytes, uploadId);
    const { version } = await (async () => {
      await using client = await connect(server.address);
      return await client.stat("lost");
    })();
    for (let round = 0; round < 2; round += 1) {
      const receipt = await again("lost", bytes, { uploadId });
      expect(receipt).toMatchObject({
        case: "receipt",
        value: {
          entry: { name: "lost", size: 5000, version },
          crc32: crc32(bytes),
          durability: "DURABILITY_NONE",
          skipped: false,
        },
      });
      await server.stop({ drain: 0 });
      server = await startServer({ library: library.path, durability: "none" });
    }
    expect(partials()).toEqual([]);
  });

  test("is answered with what it was, when another file has the name by now", async () => {
    const uploadId = newId();
    await unheard("taken", bytes, uploadId);
    rmSync(library.at("taken"));
    writeFileSync(library.at("taken"), "another");
    const receipt = await again("taken", bytes, { uploadId });
    expect(receipt).toMatchObject({
      case: "receipt",
      value: { entry: { name: "taken", size: 5000, version: "" }, crc32: crc32(bytes) },
    });
    expect(readFileSync(library.at("taken"), "utf8")).toBe("another");
  });

  test("is not forgotten by a server whose journal was removed once", async () => {
    await unheard("first", bytes, newId());
    rmSync(library.at(PARTIALS, "../receipts"), { recursive: true });
    const uploadId = newId();
    await unheard("second", bytes, uploadId);
    expect(await again("second", bytes, { uploadId })).toMatchObject({ case: "receipt" });
  });

  test("has it for its own id and path alone", async () => {
    const uploadId = newId();
    await unheard("own", bytes, uploadId);
    const other = await again("own", bytes, { uploadId: newId() });
    expect(other).toMatchObject({ case: "failure", value: { code: "ALREADY_EXISTS" } });
    const elsewhere = await again("elsewhere", bytes, { uploadId });
    expect(elsewhere).toMatchObject({ case: "response" });
  });

  testTogether("has none when its commit was refused", async () => {
    const uploadId = newId();
    using peer = await RawPeer.welcomed(server.port);
    send(peer, 1, bytes, { path: "refused", uploadId });
    expect(await answer(peer, 1)).toMatchObject({ case: "response" });
    writeFileSync(library.at("refused"), "quicker");
    await data(peer, 1, bytes);
    const refused = { case: "failure", value: { code: "ALREADY_EXISTS" } };
    expect(await answer(peer, 1)).toMatchObject(refused);
    rmSync(library.at("refused"));
    expect(await again("refused", bytes, { uploadId })).toMatchObject({ case: "response" });
  });
});

test("a commit that was noted, and failed at the last moment, is no receipt", async () => {
  using folder = new TemporaryFolder();
  await using store = openDiskStore(folder.path);
  const options = { uploadId: newId(), collision: "fail", durability: "fsync" } as const;
  const sink = await store.create("file", options);
  if ("skipped" in sink || "committed" in sink) throw new Error("not created");
  await sink.write(new Uint8Array(10), 0);
  const commit = sink.commit({ crc32: 0 });
  // It has looked at the name by then, and waits for the disk: that takes a turn of the loop.
  for (let step = 0; step < 10; step += 1) await Promise.resolve();
  writeFileSync(folder.at("file"), "quicker");
  expect((await refusal(commit)).code).toBe("ALREADY_EXISTS");
  rmSync(folder.at("file"));
  const again = await store.create("file", { ...options, resume: {} });
  expect("committed" in again).toBe(false);
});

describe("a try that meets an older one", () => {
  const bytes = contents(5 * MiB, 2);

  /** Sends two blocks and a half, and stalls. */
  async function stall(peer: RawPeer, path: string, uploadId: Uint8Array): Promise<void> {
    send(peer, 1, bytes, { path, uploadId });
    expect(await answer(peer, 1)).toMatchObject({ case: "response", value: {} });
    await data(peer, 1, bytes, 0, 2.5 * MiB);
    await until(() => hasPartial(2.5 * MiB));
  }

  testTogether("takes over what arrived, and the older one fails", async () => {
    using old = await RawPeer.welcomed(server.port);
    using young = await RawPeer.welcomed(server.port);
    const uploadId = newId();
    await stall(old, "stalled", uploadId);
    send(young, 1, bytes, { path: "stalled", uploadId, resume: true });
    expect(await answer(young, 1)).toMatchObject({
      case: "response",
      value: {
        result: {
          case: "put",
          value: { durableOffset: 2 * MiB, prefixCrc32: crc32(bytes.subarray(0, 2 * MiB)) },
        },
      },
    });
    let last = await old.body(1);
    while (last.case === "credit") last = await old.body(1);
    expect(last).toMatchObject({
      case: "failure",
      value: { code: "UNAVAILABLE", retryable: true },
    });
    await data(young, 1, bytes, 2 * MiB);
    expect(await answer(young, 1)).toMatchObject({
      case: "receipt",
      value: { crc32: crc32(bytes), entry: { size: bytes.length } },
    });
    expect(Buffer.compare(readFileSync(library.at("stalled")), bytes)).toBe(0);
    expect(partials()).toEqual([]);
  });

  testTogether("may not send before it has heard where to go on", async () => {
    const uploadId = newId();
    {
      using old = await RawPeer.welcomed(server.port);
      await stall(old, "early", uploadId);
    }
    await until(() => hasPartial(2 * MiB));
    using young = await RawPeer.welcomed(server.port);
    young.together(() => {
      send(young, 1, bytes, { path: "early", uploadId, resume: true });
      young.data(1, 0, bytes.subarray(0, 1000));
    });
    expect(await answer(young, 1)).toMatchObject({
      case: "failure",
      value: { code: "PROTOCOL_ERROR" },
    });
    // The kept part is still there.
    await until(() => hasPartial(2 * MiB));
    send(young, 2, bytes, { path: "early", uploadId, resume: true });
    expect(await answer(young, 2)).toMatchObject({
      value: { result: { value: { durableOffset: 2 * MiB } } },
    });
    young.frame(2, { case: "cancel", value: {} });
    await until(() => partials().length === 0);
  });

  testTogether("tells the older one UNAVAILABLE while a write runs, and more waits", async () => {
    for (let round = 0; round < 6; round += 1) {
      using old = await RawPeer.welcomed(server.port);
      using young = await RawPeer.welcomed(server.port);
      const uploadId = newId();
      send(old, 1, bytes, { path: "written", uploadId });
      expect(await answer(old, 1)).toMatchObject({ case: "response" });
      // Writes of this process go to the thread pool for a moment: each takes a turn at least.
      await writePace.onPool(() => Bun.sleep(150));
      for (let at = 0; at < MiB; at += 128 * 1024) {
        const end = at + 128 * 1024;
        const sum = end === MiB ? crc32(bytes.subarray(0, MiB)) : undefined;
        old.data(1, at, bytes.subarray(at, end), sum);
      }
      send(young, 1, bytes, { path: "written", uploadId, resume: true });
      let last = await old.body(1);
      while (last.case === "credit") last = await old.body(1);
      expect(last).toMatchObject({ case: "failure", value: { code: "UNAVAILABLE" } });
      expect(await answer(young, 1)).toMatchObject({ case: "response" });
      young.frame(1, { case: "cancel", value: {} });
      await until(() => partials().length === 0);
    }
  });

  testTogether("of another client finds nothing that is in use", async () => {
    using old = await RawPeer.welcomed(server.port);
    using young = await RawPeer.welcomed(server.port);
    const modified = { seconds: 1_700_000_000, nanoseconds: 0 };
    const prefix = { prefixCrc32: crc32(bytes.subarray(0, MiB)), prefixLength: MiB };
    send(old, 1, bytes, { path: "busy", uploadId: newId(), modified });
    await answer(old, 1);
    await data(old, 1, bytes, 0, 2.5 * MiB);
    await until(() => hasPartial(2.5 * MiB));
    send(young, 1, bytes, { path: "busy", uploadId: newId(), modified, resume: true, ...prefix });
    const nothing = { case: "response", value: { result: { value: { durableOffset: 0 } } } };
    expect(await answer(young, 1)).toMatchObject(nothing);
    old.fin();
    await old.ended();
    young.frame(1, { case: "cancel", value: {} });
    await until(() => partials().length === 1);
    // Now it is free, and is found; but not with another beginning.
    const wrong = { ...prefix, prefixCrc32: (prefix.prefixCrc32 ^ 1) >>> 0 };
    send(young, 2, bytes, { path: "busy", uploadId: newId(), modified, resume: true, ...wrong });
    expect(await answer(young, 2)).toMatchObject(nothing);
    send(young, 3, bytes, { path: "busy", uploadId: newId(), modified, resume: true, ...prefix });
    expect(await answer(young, 3)).toMatchObject({
      case: "response",
      value: { result: { value: { durableOffset: 2 * MiB } } },
    });
  });
});

describe.if(process.platform === "linux")("a server that is killed in a commit", () => {
  const bytes = contents(3 * MiB + 7, 3);

  test.each([
    ["before the name", "fail"],
    ["behind the name", "fail"],
    ["behind the partial", "fail"],
    ["before the replacement", "replace"],
    ["behind the replacement", "replace"],
  ] as const)("%s: the client has its receipt from the next one", async (moment, ifExists) => {
    using folder = new TemporaryFolder();
    using local = new TemporaryFolder();
    if (ifExists === "replace") writeFileSync(folder.at("file"), "old");
    await using dying = Bun.spawn(
      [process.execPath, `${import.meta.dir}/dying-server.ts`, folder.path, moment],
      { stdout: "pipe", stderr: "inherit" },
    );
    const { value } = await dying.stdout.getReader().read();
    using proxy = new FaultProxy(Number(new TextDecoder().decode(value)), () => ({}));
    await using client = await connect(proxy.address, { retry: 20_000 });
    const putting = client.put("file", Bun.file(local.file("file", bytes)), { ifExists });
    await dying.exited;
    expect(dying.signalCode).toBe("SIGKILL");
    await using next = await createServer({ library: folder.path });
    proxy.port = next.port;
    const receipt = await putting;
    expect(receipt).toMatchObject({
      entry: { name: "file", size: bytes.length },
      crc32: crc32(bytes),
      durability: "fsync",
      skipped: false,
    });
    expect(receipt.entry.version).toBe((await client.stat("file")).version);
    expect(Buffer.compare(readFileSync(folder.at("file")), bytes)).toBe(0);
    expect(readdirSync(folder.path).toSorted()).toEqual([".leat", "file"]);
  });
});
