/** Uploads whose connection is cut, whose server or client starts again, whose receipt is lost. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import {
  type Client,
  connect,
  type PutOptions,
  type Receipt,
  type Server,
} from "../../src/index.ts";
import { BLOCK_SIZE, MiB } from "../../src/limits.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { testPlain } from "../support/ways.ts";
import { behindFaults } from "./support.ts";
import { seededRandom } from "../support/chop.ts";
import { contents } from "../support/contents.ts";
import { refusal } from "../support/refusal.ts";
import { TLS_FILES } from "../support/tls.ts";
import { until } from "../support/until.ts";

const library = new TemporaryFolder();
const local = new TemporaryFolder();
let server: Server;

const serve = (): Promise<Server> => startServer({ library: library.path, durability: "none" });

beforeAll(async () => {
  server = await serve();
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
  local[Symbol.dispose]();
});

/** Nothing of an upload is seen before it is whole. */
afterEach(async () => {
  await using client = await connect(server.address);
  for await (const { name } of client.list("", { hidden: true })) {
    expect(readFileSync(library.at(name)).length).toBe(sizes.get(name)!);
  }
});

const SIZE = 12 * MiB + 4321;
const HEADS = 64 * 1024;
/** Bytes that come before a client is connected: where these are cut, connect() is refused. */
const OPENING = TLS_FILES === undefined ? 100 : 4096;
const sizes = new Map<string, number>();

/** A local file. */
function file(name: string, size: number, seed: number): { path: string; bytes: Uint8Array } {
  const bytes = contents(size, seed);
  sizes.set(name, size);
  return { path: local.file(name, bytes), bytes };
}

const partials = (): string[] => readdirSync(library.at(PARTIALS));

/** Waits until the server has read all that was sent, and closed the partial file. */
async function keptBlocks(count: number): Promise<void> {
  const size = (name: string): number => statSync(library.at(PARTIALS, name)).size;
  await until(() => partials().some((name) => size(name) === count * BLOCK_SIZE));
}

const arrived = (name: string, bytes: Uint8Array): boolean =>
  existsSync(library.at(name)) && Buffer.compare(readFileSync(library.at(name)), bytes) === 0;

const behind = (
  faults: readonly Fault[],
  use: (client: Client, proxy: FaultProxy) => Promise<void>,
  retry?: number,
): Promise<void> => behindFaults(server.port, faults, use, retry);

const put = (client: Client, name: string, options: PutOptions = {}): Promise<Receipt> =>
  client.put(name, Bun.file(local.at(name)), options);

describe("an upload whose connection is cut", () => {
  test("goes on behind the last block that arrived", async () => {
    const { bytes } = file("cut.bin", SIZE, 1);
    const faults = [3.5, 2.2, 4.9].map((mib) => ({ cutUp: Math.floor(mib * MiB) }));
    await behind(faults, async (client, proxy) => {
      const receipt = await put(client, "cut.bin");
      expect(receipt.entry?.size).toBe(SIZE);
      expect(proxy.connections).toBe(4);
      expect(proxy.up).toBeLessThanOrEqual(SIZE + 3 * BLOCK_SIZE + HEADS);
    });
    expect(arrived("cut.bin", bytes)).toBe(true);
    expect(partials()).toEqual([]);
  });

  test("anywhere, any number of times, in either direction", async () => {
    const next = seededRandom().below;
    for (let round = 0; round < 12; round += 1) {
      const name = `many-${round}`;
      const { bytes } = file(name, next(SIZE), round + 2);
      const faults = Array.from({ length: 1 + next(5) }, () => ({
        ...(next(3) === 0 ? { cutDown: OPENING + next(400) } : { cutUp: OPENING + next(6 * MiB) }),
        reset: next(2) === 1,
      }));
      await behind(faults, async (client) => {
        const receipt = await put(client, name);
        expect([round, receipt.skipped, receipt.entry?.size]).toEqual([round, false, bytes.length]);
      });
      expect([round, arrived(name, bytes)]).toEqual([round, true]);
      expect([round, partials()]).toEqual([round, []]);
    }
  });

  test("fails without retry, and the next client finds what has arrived", async () => {
    const { bytes } = file("next.bin", SIZE, 30);
    await behind(
      [{ cutUp: 7.5 * MiB }],
      async (client) => {
        expect((await refusal(put(client, "next.bin"))).code).toBe("CONNECTION_LOST");
        await keptBlocks(7);
      },
      0,
    );
    expect(partials().length).toBe(1);
    const resumes: [number, number][] = [];
    await behind([], async (client, proxy) => {
      const onResume = (...how: [number, number]): void => void resumes.push(how);
      await put(client, "next.bin", { onResume });
      expect(proxy.up).toBeLessThanOrEqual(SIZE - resumes[0]![0] + HEADS);
    });
    expect(resumes).toEqual([[7 * MiB, SIZE]]);
    expect(arrived("next.bin", bytes)).toBe(true);
    expect(partials()).toEqual([]);
  });

  test("goes on after the server was started anew", async () => {
    const { bytes } = file("restart.bin", SIZE, 31);
    using proxy = new FaultProxy(server.port, () => ({}));
    const resumes: number[] = [];
    let restarted: Promise<void> | undefined;
    const restart = async (): Promise<void> => {
      await server.stop({ drain: 0 });
      server = await serve();
      proxy.port = server.port;
    };
    await using client = await connect(proxy.address, { retry: 20_000 });
    await put(client, "restart.bin", {
      onProgress: (sent) => {
        if (sent > 6 * MiB) restarted ??= restart();
      },
      onResume: (offset) => resumes.push(offset),
    });
    await restarted;
    expect(resumes.length).toBe(1);
    expect(resumes[0]).toBeGreaterThan(0);
    expect(arrived("restart.bin", bytes)).toBe(true);
    expect(partials()).toEqual([]);
  });

  test("is not spliced when the file is another one by then", async () => {
    file("other.bin", SIZE, 32);
    const { mtime } = statSync(local.at("other.bin"));
    await behind(
      [{ cutUp: 7.5 * MiB }],
      async (client) => {
        await refusal(put(client, "other.bin", { modified: mtime }));
        await keptBlocks(7);
      },
      0,
    );
    expect(partials().length).toBe(1);
    // The same name, size and time, and the same first block: only the rest tells.
    const { bytes } = file("other.bin", SIZE, 32);
    bytes[5 * MiB]! ^= 1;
    writeFileSync(local.at("other.bin"), bytes);
    await behind([], async (client) => void (await put(client, "other.bin", { modified: mtime })));
    expect(arrived("other.bin", bytes)).toBe(true);
    expect(partials()).toEqual([]);
  });

  test("is not continued when it was given up", async () => {
    file("given.bin", SIZE, 33);
    const stop = new AbortController();
    await using client = await connect(server.address);
    const onProgress = (sent: number): void => void (sent > 4 * MiB && stop.abort());
    const error = await refusal(put(client, "given.bin", { signal: stop.signal, onProgress }));
    expect(error.code).toBe("CANCELLED");
    await until(() => partials().length === 0);
  });
});

describe("a block that arrives damaged at the server", () => {
  const testDamage = testPlain("it sees damage before leat does");

  /** Bits in the middle of payloads, far from any head. */
  const flips = (...mib: number[]): Fault => ({
    flipUp: mib.map((at) => Math.floor((at + 0.11) * MiB) * 8 + 3),
  });

  testDamage(
    "is sent again with all behind it, over the same connection, and reported",
    async () => {
      const { bytes } = file("damaged.bin", SIZE, 40);
      using proxy = new FaultProxy(server.port, () => flips(4));
      const reported: [string, number][] = [];
      const onRetry = ({ code }: { code: string }, delay: number): void =>
        void reported.push([code, delay]);
      await using client = await connect(proxy.address, { onRetry });
      const receipt = await put(client, "damaged.bin");
      expect(receipt.entry?.size).toBe(SIZE);
      expect(reported).toEqual([["CHECKSUM_MISMATCH", 0]]);
      expect(proxy.connections).toBe(1);
      expect(arrived("damaged.bin", bytes)).toBe(true);
      expect(partials()).toEqual([]);
    },
  );

  testDamage(
    "three times is no accident: a typed failure, nothing visible, and the good can be continued",
    async () => {
      const { bytes } = file("bad.bin", SIZE, 41);
      // From 3 MiB on a bit in each half of a block, for as long as it may be sent again.
      const halves = Array.from({ length: 200 }, (_, half) => 3 + half / 2);
      await behind([flips(...halves)], async (client, proxy) => {
        expect((await refusal(put(client, "bad.bin"))).code).toBe("CHECKSUM_MISMATCH");
        expect(proxy.connections).toBe(1);
      });
      expect(existsSync(library.at("bad.bin"))).toBe(false);
      await keptBlocks(3);
      const resumes: number[] = [];
      await behind([], async (client) => {
        await put(client, "bad.bin", { onResume: (offset) => resumes.push(offset) });
      });
      expect(resumes).toEqual([3 * MiB]);
      expect(arrived("bad.bin", bytes)).toBe(true);
      expect(partials()).toEqual([]);
    },
  );

  testDamage("ends the upload of a stream, which cannot be read again", async () => {
    const { path } = file("stream.bin", 3 * MiB, 42);
    await behind([flips(1)], async (client) => {
      const error = await refusal(client.put("stream.bin", Bun.file(path).stream()));
      expect(error.code).toBe("CHECKSUM_MISMATCH");
    });
    expect(existsSync(library.at("stream.bin"))).toBe(false);
    await until(() => partials().length === 0);
  });
});
