/** Downloads whose connection is cut, whose bytes are damaged, whose client starts again. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type Client, connect, type Server } from "../../src/index.ts";
import { BLOCK_SIZE, MiB } from "../../src/limits.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { testPlain } from "../support/ways.ts";
import { behindFaults, left } from "./support.ts";
import { seededRandom } from "../support/chop.ts";
import { contents } from "../support/contents.ts";
import { refusal } from "../support/refusal.ts";

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await startServer({ library: library.path, durability: "none" });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

const SIZE = 12 * MiB + 4321;
const FAST = { durability: "none" } as const;
/** Protocol bytes besides payload: heads, answers, the handshake. */
const HEADS = 64 * 1024;

const same = (path: string, bytes: Uint8Array): boolean =>
  Buffer.compare(readFileSync(path), bytes) === 0;

const behind = (
  faults: readonly Fault[],
  use: (client: Client, proxy: FaultProxy) => Promise<void>,
  retry?: number,
): Promise<void> => behindFaults(server.port, faults, use, retry);

describe("a download whose connection is cut", () => {
  test("goes on at the last verified block, whichever way its bytes are taken", async () => {
    const bytes = contents(SIZE, 1);
    writeFileSync(library.at("cut.bin"), bytes);
    using local = new TemporaryFolder();
    const target = local.at("cut.bin");
    const ways: Record<string, (client: Client) => Promise<Uint8Array>> = {
      "download()": async (client) => {
        await client.download("cut.bin", target, FAST);
        return readFileSync(target);
      },
      "save()": async (client) => {
        await (await client.get("cut.bin")).save(target, FAST);
        return readFileSync(target);
      },
      "bytes()": async (client) => await (await client.get("cut.bin")).bytes(),
      "a range": async (client) => {
        const rest = await client.get("cut.bin", { offset: 1000, length: SIZE - 2000 });
        const middle = await rest.bytes();
        return Buffer.concat([bytes.subarray(0, 1000), middle, bytes.subarray(SIZE - 1000)]);
      },
    };
    for (const [name, way] of Object.entries(ways)) {
      const faults = [3.5, 2.2, 4.9].map((mib) => ({ cutDown: Math.floor(mib * MiB) }));
      await behind(faults, async (client, proxy) => {
        const came = await way(client);
        expect([name, Buffer.compare(came, bytes)]).toEqual([name, 0]);
        expect(proxy.connections).toBe(4);
        expect(proxy.down).toBeLessThanOrEqual(SIZE + faults.length * BLOCK_SIZE + HEADS);
      });
      expect(left(local.path)).toEqual([]);
    }
  });

  test("anywhere, any number of times: at most a block for each cut comes twice", async () => {
    const next = seededRandom().below;
    for (let round = 0; round < 12; round += 1) {
      const bytes = contents(next(SIZE), round + 2);
      writeFileSync(library.at("many.bin"), bytes);
      using local = new TemporaryFolder();
      const faults = Array.from({ length: next(6) }, () => ({
        cutDown: 1 + next(6 * MiB),
        reset: round % 2 === 1,
      }));
      await behind(faults, async (client, proxy) => {
        // The Hello of a connection may be cut, too: then connect() is refused, as it should be.
        await client.download("many.bin", local.at("file"), FAST);
        expect(same(local.at("file"), bytes)).toBe(true);
        const cuts = proxy.connections - 1;
        // What a reset has lost on its way was never received.
        if (round % 2 === 0)
          expect(proxy.down).toBeLessThanOrEqual(bytes.length + cuts * BLOCK_SIZE + HEADS);
      }).catch((error: unknown) => {
        if (faults[0] === undefined || faults[0].cutDown > 100) throw error;
      });
      expect(left(local.path)).toEqual([]);
    }
  });

  test("is not spliced when the file is replaced meanwhile: it is begun anew", async () => {
    const [old, young] = [contents(SIZE, 50), contents(SIZE, 51)];
    writeFileSync(library.at("replaced.bin"), old);
    using local = new TemporaryFolder();
    const resumes: number[] = [];
    using proxy = new FaultProxy(server.port, (connection) => {
      if (connection === 1) writeFileSync(library.at("replaced.bin"), young);
      return connection === 0 ? { cutDown: 5 * MiB } : {};
    });
    await using client = await connect(proxy.address, { retry: 20_000 });
    await client.download("replaced.bin", local.at("file"), {
      ...FAST,
      onResume: (offset) => resumes.push(offset),
    });
    expect(same(local.at("file"), young)).toBe(true);
    expect(resumes).toEqual([0]);
    writeFileSync(library.at("replaced.bin"), old);
  });

  test("is begun anew when the file is touched while the rest of it comes", async () => {
    const bytes = contents(SIZE, 54);
    writeFileSync(library.at("touched.bin"), bytes);
    using local = new TemporaryFolder();
    const resumes: number[] = [];
    const faults = [{ cutDown: 5 * MiB }];
    await behind(faults, async (client) => {
      let touched = false;
      await client.download("touched.bin", local.at("file"), {
        ...FAST,
        onResume: (offset) => resumes.push(offset),
        onProgress: (arrived) => {
          if (touched || arrived < 6 * MiB) return;
          touched = true;
          chmodSync(library.at("touched.bin"), 0o600);
        },
      });
    });
    expect(same(local.at("file"), bytes)).toBe(true);
    expect(resumes).toEqual([0]);
    expect(left(local.path)).toEqual([]);
  });

  test("ends with CHANGED where bytes of the old version were given out already", async () => {
    writeFileSync(library.at("given.bin"), contents(SIZE, 52));
    using proxy = new FaultProxy(server.port, (connection) => {
      if (connection === 1) writeFileSync(library.at("given.bin"), contents(SIZE, 53));
      return connection === 0 ? { cutDown: 5 * MiB } : {};
    });
    await using client = await connect(proxy.address, { retry: 20_000 });
    const download = await client.get("given.bin");
    expect(await refusal(download.bytes())).toMatchObject({
      code: "CHANGED",
      message: expect.stringContaining("given.bin"),
    });
  });

  test("fails at once without retry, and the next client continues", async () => {
    const bytes = contents(SIZE, 3);
    writeFileSync(library.at("next.bin"), bytes);
    using local = new TemporaryFolder();
    const target = local.at("next.bin");
    await behind(
      [{ cutDown: 7.5 * MiB }],
      async (client) => {
        const error = await refusal(client.download("next.bin", target, FAST));
        expect(error.code).toBe("CONNECTION_LOST");
      },
      0,
    );
    expect(left(local.path).length).toBe(2);
    const resumes: [number, number][] = [];
    await behind([], async (client, proxy) => {
      await client.download("next.bin", target, {
        ...FAST,
        onResume: (...how) => resumes.push(how),
      });
      expect(proxy.down).toBeLessThanOrEqual(SIZE - 7 * MiB + HEADS);
    });
    expect(resumes).toEqual([[7 * MiB, SIZE]]);
    expect(same(target, bytes)).toBe(true);
    expect(left(local.path)).toEqual([]);
  });

  test("gives up when nothing moves for as long as it may", async () => {
    writeFileSync(library.at("never.bin"), contents(3 * MiB, 4));
    using local = new TemporaryFolder();
    using proxy = new FaultProxy(server.port, () => ({ cutDown: MiB / 2 }));
    const retries: number[] = [];
    await using client = await connect(proxy.address, {
      retry: 500,
      onRetry: (_error, delay) => retries.push(delay),
    });
    const error = await refusal(client.download("never.bin", local.at("file"), FAST));
    expect(error.code).toBe("CONNECTION_LOST");
    expect(retries.length).toBeGreaterThan(0);
    expect(readdirSync(local.path)).toEqual([]);
  });
});

describe("what an interrupted download has left", () => {
  const bytes = contents(SIZE, 9);
  const next = seededRandom(1).below;

  /** Leaves seven blocks. */
  async function interrupt(target: string): Promise<void> {
    writeFileSync(library.at("left.bin"), bytes);
    const download = (client: Client) => client.download("left.bin", target, FAST);
    await behind(
      [{ cutDown: 7.5 * MiB }],
      async (client) => void (await refusal(download(client))),
      0,
    );
  }

  /** @returns where it went on */
  async function finish(target: string): Promise<number> {
    let from = -1;
    await using client = await connect(server.address);
    await client.download("left.bin", target, { ...FAST, onResume: (offset) => (from = offset) });
    return from;
  }

  test("is used as far as its blocks match their checksums", async () => {
    using local = new TemporaryFolder();
    const target = local.at("file");
    const damages: Record<string, (data: Buffer, sums: Buffer) => [Uint8Array, Uint8Array]> = {
      "a bit of the data": (data, sums) => {
        data[next(7 * MiB)]! ^= 1 << next(8);
        return [data, sums];
      },
      "data that is shorter": (data, sums) => [data.subarray(0, next(7 * MiB)), sums],
      "data that is gone": (_data, sums) => [new Uint8Array(), sums],
      "zeros that a power cut left": (data, sums) => [data.fill(0, next(7 * MiB)), sums],
      "sums that are torn": (data, sums) => [data, sums.subarray(0, next(sums.length))],
      "a bit of the sums": (data, sums) => {
        sums[next(sums.length)]! ^= 1 << next(8);
        return [data, sums];
      },
      "sums that are none": (data) => [data, contents(1000, 77)],
      "data of another file": (_data, sums) => [contents(8 * MiB, 78), sums],
    };
    for (const [name, damage] of Object.entries(damages)) {
      await interrupt(target);
      const [data, sums] = left(local.path)
        .toSorted()
        .map((file) => local.at(file));
      const damaged = damage(readFileSync(data!), readFileSync(sums!));
      writeFileSync(data!, damaged[0]);
      writeFileSync(sums!, damaged[1]);
      await finish(target);
      expect([name, same(target, bytes)]).toEqual([name, true]);
      expect(left(local.path)).toEqual([]);
      rmSync(target);
    }
  });

  const head = (change: object): string =>
    JSON.stringify({ leat: 1, version: "v", size: SIZE, ...change });

  test.each<[string, string]>([
    ["a size below zero", head({ size: -1 })],
    ["a size that is no number of bytes", head({ size: 1.5 })],
    ["a size that is text", head({ size: `${SIZE}` })],
    ["no version", head({ version: "" })],
    ["a version that is no text", head({ version: "\ud800" })],
    ["a version longer than any", head({ version: "v".repeat(100_000) })],
    ["a line that is no JSON", "{"],
    ["no line", ""],
    ["null", "null"],
  ])("is begun anew when its note has %s", async (_name, line) => {
    using local = new TemporaryFolder();
    const target = local.at("file");
    await interrupt(target);
    const [, note] = left(local.path)
      .toSorted()
      .map((file) => local.at(file));
    const sums = readFileSync(note!);
    writeFileSync(note!, Buffer.concat([Buffer.from(line), sums.subarray(sums.indexOf("\n"))]));
    expect(await finish(target)).toBe(-1);
    expect(same(target, bytes)).toBe(true);
    expect(left(local.path)).toEqual([]);
  });

  test.each<[string, number]>([
    ["larger", SIZE + 10 * MiB],
    ["smaller", 5 * MiB + 1],
    ["nothing", 0],
  ])(
    "is begun anew when its note has the right version, and a size that is %s",
    async (_name, size) => {
      using local = new TemporaryFolder();
      const target = local.at("file");
      await interrupt(target);
      const [, note] = left(local.path)
        .toSorted()
        .map((file) => local.at(file));
      const sums = readFileSync(note!);
      const end = sums.indexOf("\n");
      const line = { ...JSON.parse(sums.toString("utf8", 0, end)), size };
      writeFileSync(note!, Buffer.concat([Buffer.from(JSON.stringify(line)), sums.subarray(end)]));
      await finish(target);
      expect(same(target, bytes)).toBe(true);
      expect(left(local.path)).toEqual([]);
    },
  );

  test("is no hindrance when something else has one of the two names", async () => {
    const makers: Readonly<Record<string, (path: string) => void>> = {
      "a folder": (path) => mkdirSync(path),
      "a link to nothing": (path) => symlinkSync("nowhere", path),
      "a link to another file": (path) => {
        writeFileSync(`${path}.other`, "mine");
        symlinkSync(`${path}.other`, path);
      },
      "a pipe": (path) => void Bun.spawnSync(["mkfifo", path]),
      "a file with another name too": (path) => {
        writeFileSync(`${path}.other`, "mine");
        linkSync(`${path}.other`, path);
      },
    };
    for (const [what, make] of Object.entries(makers)) {
      for (const which of [0, 1]) {
        using local = new TemporaryFolder();
        const target = local.at("file");
        await interrupt(target);
        const name = local.at(left(local.path).toSorted()[which]!);
        rmSync(name);
        make(name);
        await finish(target);
        expect([what, which, same(target, bytes)]).toEqual([what, which, true]);
        if (what.includes("another")) expect(readFileSync(`${name}.other`, "utf8")).toBe("mine");
      }
    }
  });

  test("without its note is taken all the same, so that nothing stays", async () => {
    using local = new TemporaryFolder();
    const target = local.at("file");
    await interrupt(target);
    rmSync(local.at(left(local.path).toSorted()[1]!));
    expect(await finish(target)).toBe(-1);
    expect(same(target, bytes)).toBe(true);
    expect(left(local.path)).toEqual([]);
  });

  test("is begun anew when the file is another version", async () => {
    using local = new TemporaryFolder();
    await interrupt(local.at("file"));
    const young = contents(SIZE - 5, 10);
    writeFileSync(library.at("left.bin"), young);
    expect(await finish(local.at("file"))).toBe(0);
    expect(same(local.at("file"), young)).toBe(true);
    expect(left(local.path)).toEqual([]);
  });

  test("is taken by one of two that come at once; the other begins its own", async () => {
    using local = new TemporaryFolder();
    const target = local.at("file");
    await interrupt(target);
    const from = await Promise.all([finish(target), finish(target)]);
    expect(from.toSorted((a, b) => a - b)).toEqual([-1, 7 * MiB]);
    expect(same(target, bytes)).toBe(true);
    expect(left(local.path)).toEqual([]);
  });

  test("goes with a small file that takes its place", async () => {
    using local = new TemporaryFolder();
    await interrupt(local.at("file"));
    writeFileSync(library.at("left.bin"), "small");
    await finish(local.at("file"));
    expect(readFileSync(local.at("file"), "utf8")).toBe("small");
    expect(left(local.path)).toEqual([]);
  });
});

describe("a block that arrives damaged", () => {
  const testDamage = testPlain("it sees damage before leat does");

  /** A bit in the middle of the payload, far from any head. */
  const damage = (mib: number): Fault => ({ flipDown: [Math.floor((mib + 0.11) * MiB) * 8 + 3] });

  testDamage("is asked for again, and everything behind it, over the same connection", async () => {
    const bytes = contents(SIZE, 20);
    writeFileSync(library.at("damaged.bin"), bytes);
    using local = new TemporaryFolder();
    await behind([damage(4)], async (client, proxy) => {
      await client.download("damaged.bin", local.at("file"), FAST);
      expect(same(local.at("file"), bytes)).toBe(true);
      expect(proxy.connections).toBe(1);
    });
    await behind([damage(2)], async (client) => {
      expect(Buffer.compare(await (await client.get("damaged.bin")).bytes(), bytes)).toBe(0);
    });
  });

  testDamage(
    "again and again is no accident: a typed failure, and the verified blocks can be continued",
    async () => {
      const bytes = contents(SIZE, 22);
      writeFileSync(library.at("damaged.bin"), bytes);
      using local = new TemporaryFolder();
      // From 3 MiB on a bit in each half of a block, for as long as it may be asked for.
      const flipDown = Array.from({ length: 200 }, (_, half) => (3.11 + half / 2) * MiB * 8).map(
        Math.floor,
      );
      await behind([{ flipDown }], async (client) => {
        const download = client.download("damaged.bin", local.at("file"), FAST);
        expect((await refusal(download)).code).toBe("CHECKSUM_MISMATCH");
      });
      expect(left(local.path).length).toBe(2);
      await behind([], async (client, proxy) => {
        await client.download("damaged.bin", local.at("file"), FAST);
        expect(proxy.down).toBeLessThanOrEqual(SIZE - 3 * MiB + HEADS);
      });
      expect(same(local.at("file"), bytes)).toBe(true);
    },
  );

  testDamage("is repaired without retry, too", async () => {
    const bytes = contents(3 * MiB, 21);
    writeFileSync(library.at("damaged.bin"), bytes);
    using local = new TemporaryFolder();
    await behind(
      [damage(1)],
      async (client) => void (await client.download("damaged.bin", local.at("file"), FAST)),
      0,
    );
    expect(same(local.at("file"), bytes)).toBe(true);
  });
});
