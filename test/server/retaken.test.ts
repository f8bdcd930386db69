/** An upload that comes again while an older try of it is open, wherever that is served. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, openDiskStore, type Server, type Store } from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { BLOCK_SIZE, KiB, MiB } from "../../src/limits.ts";
import type { Put } from "../../src/wire/gen/messages.ts";
import { contents } from "../support/contents.ts";
import { FailingStore } from "../support/failing-store.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { testExcept } from "../support/ways.ts";
import { until } from "../support/until.ts";

const bytes = contents(3 * MiB + 5, 9);

async function answer(peer: RawPeer, stream: number) {
  let body = await peer.body(stream);
  while (body.case === "credit") body = await peer.body(stream);
  return body;
}

describe("an upload whose older try has stalled", () => {
  const library = new TemporaryFolder();
  let server: Server;

  beforeAll(async () => {
    server = await startServer({ library: library.path, durability: "none" });
  });
  afterAll(async () => {
    await server.stop({ drain: 0 });
    library[Symbol.dispose]();
  });

  const sizes = (): number[] => {
    try {
      const names = readdirSync(library.at(PARTIALS));
      return names.map((name) => statSync(library.at(PARTIALS, name)).size);
    } catch {
      return []; // not made yet
    }
  };

  /** Sends a range, as fast as it is written. */
  async function data(peer: RawPeer, from: number, to: number): Promise<void> {
    for (let at = from; at < to;) {
      const end = Math.min(to, at + 64 * KiB);
      const block = Math.max(from, Math.floor((end - 1) / BLOCK_SIZE) * BLOCK_SIZE);
      const ends = end % BLOCK_SIZE === 0 || end === bytes.length;
      peer.data(
        1,
        at,
        bytes.subarray(at, end),
        ends ? crc32(bytes.subarray(block, end)) : undefined,
      );
      at = end;
      if (at % (MiB / 2) === 0) await until(() => sizes().includes(at), sizes);
    }
  }

  /** As a client asks: again, as long as it is told to. */
  async function resumed(put: Partial<Put>) {
    for (;;) {
      const peer = await RawPeer.welcomed(server.port);
      peer.request(1, { case: "put", value: { size: bytes.length, resume: true, ...put } });
      const heard = await answer(peer, 1);
      if (heard.case !== "failure") return { peer, heard };
      expect(heard.value).toMatchObject({ code: "UNAVAILABLE", retryable: true });
      peer[Symbol.dispose]();
    }
  }

  testExcept(["iterative"], "the newer try waits for its turn")(
    "is taken over, and ends UNAVAILABLE",
    async () => {
      for (let round = 0; round < 3; round += 1) {
        const put = { path: `stalled-${round}`, uploadId: new Uint8Array(16).fill(round + 1) };
        using old = await RawPeer.welcomed(server.port);
        old.request(1, { case: "put", value: { size: bytes.length, ...put } });
        expect(await answer(old, 1)).toMatchObject({ case: "response" });
        await data(old, 0, 2.5 * MiB);
        const { peer, heard } = await resumed(put);
        using young = peer;
        const prefixCrc32 = crc32(bytes.subarray(0, 2 * MiB));
        expect(heard).toMatchObject({
          value: { result: { value: { durableOffset: 2 * MiB, prefixCrc32 } } },
        });
        expect(await answer(old, 1)).toMatchObject({
          case: "failure",
          value: { code: "UNAVAILABLE" },
        });
        await data(young, 2 * MiB, bytes.length);
        const finish = { size: bytes.length, crc32: crc32(bytes) };
        young.frame(1, { case: "finish", value: finish });
        expect(await answer(young, 1)).toMatchObject({ case: "receipt" });
        expect(Buffer.compare(readFileSync(library.at(put.path)), bytes)).toBe(0);
        expect(sizes()).toEqual([]);
      }
    },
  );
});

describe("an upload that ends before its Finish", () => {
  test.each([
    [1, 0],
    [5_000, 0],
    [MiB - 1, 0],
    [MiB, 1],
  ])("of %d bytes leaves %d partials", async (size, left) => {
    using folder = new TemporaryFolder();
    await using server = await createServer({ library: folder.path, durability: "none" });
    const partials = (): string[] => readdirSync(folder.at(".leat/partial"));
    for (let n = 1; n <= 3; n += 1) {
      using peer = await RawPeer.welcomed(server.port);
      await until(
        () => server.connections === 1,
        () => server.connections,
      );
      const uploadId = new Uint8Array(16).fill(n);
      peer.request(1, { case: "put", value: { path: `file-${n}`, size, uploadId, resume: true } });
      expect(await answer(peer, 1)).toMatchObject({ case: "response" });
      for (let at = 0; at < size; at += 64 * KiB) {
        const end = Math.min(size, at + 64 * KiB);
        const whole = end === size ? crc32(bytes.subarray(0, size)) : undefined;
        peer.data(1, at, bytes.subarray(at, end), whole);
      }
      const has = (name: string): boolean =>
        name.startsWith(Buffer.from(uploadId).toString("hex")) &&
        statSync(folder.at(".leat/partial", name)).size === size;
      await until(() => partials().some(has), partials);
    }
    await until(() => partials().length === 3 * left, partials);
    await until(
      () => server.connections === 0,
      () => server.connections,
    );
    expect(partials()).toHaveLength(3 * left);
  });
});

/** Looks for what is to be continued until it is let go. */
class HeldStore extends FailingStore {
  readonly gate = Promise.withResolvers<void>();
  /** Of those that are looked for, how many are wanted. */
  readonly wanted: (() => boolean)[] = [];

  override create(...[path, options]: Parameters<Store["create"]>): ReturnType<Store["create"]> {
    if (options.resume === undefined) return super.create(path, options);
    this.wanted.push(() => options.isOver?.() !== true);
    return this.gate.promise.then(() => super.create(path, options));
  }
}

test("one that is looked for is counted until that is over, cancelled or not", async () => {
  using folder = new TemporaryFolder();
  const store = new HeldStore(openDiskStore(folder.path));
  await using server = await createServer({ store, durability: "none", maxOpenFiles: 3 });
  using peer = await RawPeer.welcomed(server.port);
  const put = { path: "file", size: 5, uploadId: new Uint8Array(16), resume: true };
  for (let stream = 1; stream <= 3; stream += 1) {
    peer.request(stream, { case: "put", value: put });
    peer.frame(stream, { case: "cancel", value: {} });
    expect(await peer.failure(stream)).toMatchObject({ code: "CANCELLED" });
  }
  expect(store.wanted.map((isWanted) => isWanted())).toEqual([false, false, false]);
  for (let stream = 4; stream <= 6; stream += 1) {
    peer.request(stream, { case: "put", value: put });
    expect(await peer.failure(stream)).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  }
  expect(store.wanted).toHaveLength(3);
  store.gate.resolve();
  for (let stream = 7, code = "RESOURCE_EXHAUSTED"; code === "RESOURCE_EXHAUSTED"; stream += 1) {
    peer.request(stream, { case: "put", value: { ...put, resume: false } });
    const body = await peer.body(stream);
    code = body.case === "failure" ? body.value.code : body.case;
    if (code !== "RESOURCE_EXHAUSTED") expect(code).toBe("response");
  }
});
