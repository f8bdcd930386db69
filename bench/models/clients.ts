/** Clients of a server under test. All of them run in the bench's own process. */
import { type Client, connect, LeatError } from "../../src/index.ts";
import { DOWNLOAD_WINDOW } from "../../src/limits.ts";

/** For one client. The last one may wait for 64 processes to start, on a small machine. */
const DEADLINE = 120_000;

export interface Answers {
  /** Milliseconds of each that was answered. */
  readonly latencies: readonly number[];
  /** Clients that were refused, or whose connections were closed at once. */
  readonly refused: number;
  /** From the first question to the last answer. */
  readonly seconds: number;
}

/** Asks something over a connection. Throws when the answer is not the right one, and whole. */
export type Work = (client: Client, signal: AbortSignal) => Promise<void>;

/** Verified block by block, and thrown away: the client's disk is not what is measured. */
export function download(name: string, size: number): Work {
  return async (client, signal) => {
    let arrived = 0;
    for await (const block of await client.get(name, { signal })) arrived += block.length;
    if (arrived !== size) throw new Error(`${arrived} bytes of ${name} came, and not ${size}`);
  };
}

/** @param digest what the server should find, in hexadecimal */
export function sha256(name: string, digest: string): Work {
  return async (client, signal) => {
    const found = (await client.checksum(name, "SHA256", { signal })).digest.toHex();
    if (found !== digest) throw new Error(`the server found ${found} for ${name}`);
  };
}

export function stat(name: string): Work {
  return async (client, signal) => void (await client.stat(name, { signal }));
}

export const list: Work = async (client, signal) => {
  let entries = 0;
  for await (const _ of client.list("", { signal })) entries += 1;
  if (entries === 0) throw new Error("the library should not be empty");
};

/**
 * All clients at once: each connects, asks and leaves, `times` over. Latency is from before
 * connecting to the end of the answer.
 */
export async function visits(
  address: string,
  clients: number,
  times: number,
  work: Work,
): Promise<Answers> {
  const latencies: number[] = [];
  let refused = 0;
  const seconds = await together(clients, times, async () => {
    const began = performance.now();
    await using client = await dial(address);
    if (client === undefined) return void (refused += 1);
    await work(client, AbortSignal.timeout(DEADLINE));
    latencies.push(performance.now() - began);
  });
  return { latencies, refused, seconds };
}

/**
 * All are connected before the clock starts; then all at once ask, each `times` over. Latency is
 * from question to answer.
 */
export async function questions(
  address: string,
  clients: number,
  times: number,
  work: Work,
): Promise<Answers> {
  await using crowd = new Crowd(address);
  await crowd.growTo(clients);
  const latencies: number[] = [];
  const seconds = await together(crowd.clients.length, times, async (number) => {
    const began = performance.now();
    await work(crowd.clients[number]!, AbortSignal.timeout(DEADLINE));
    latencies.push(performance.now() - began);
  });
  return { latencies, refused: crowd.refused, seconds };
}

/**
 * Connects, lists and leaves, beside a client that has asked for a file and takes no more of it than it
 * has room for. That one leaves when the list is there, or after `patience` milliseconds.
 * @returns milliseconds from before connecting to the end of the list
 */
export async function besideSlow(address: string, name: string, patience: number): Promise<number> {
  await using slow = await connect(address);
  const stalled = Promise.withResolvers<void>();
  await slow.get(name, {
    onProgress: (bytes) => {
      if (bytes >= DOWNLOAD_WINDOW) stalled.resolve();
    },
  });
  await stalled.promise;
  const listed = visits(address, 1, 1, list);
  await Promise.race([listed, Bun.sleep(patience)]);
  await slow.close();
  const [latency] = (await listed).latencies;
  if (latency === undefined) throw new Error("there was no room for a second client");
  return latency;
}

/** Clients that are there until disposed. */
export class Crowd implements AsyncDisposable {
  /** Those that were let in. */
  readonly clients: Client[] = [];
  refused = 0;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /** Connects more, all at once, until so many have tried. */
  async growTo(count: number): Promise<void> {
    await together(count - this.clients.length - this.refused, 1, async () => {
      const client = await dial(this.#address);
      if (client === undefined) this.refused += 1;
      else this.clients.push(client);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

/**
 * The first clients beyond the limit get a refusal; the next ones are closed without one, which comes as a FIN
 * or as a reset. A server that is gone looks like that, too: `Served.quiet` notices.
 */
const REFUSALS: readonly string[] = ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "CONNECTION_LOST"];

/** @returns nothing when the server has no room for one more */
async function dial(address: string): Promise<Client | undefined> {
  try {
    return await connect(address, { timeout: DEADLINE });
  } catch (thrown) {
    if (REFUSALS.includes(LeatError.from(thrown).code)) return undefined;
    throw thrown;
  }
}

/** Runs `once` of every client, `times` in turn. @returns seconds */
async function together(
  clients: number,
  times: number,
  once: (client: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let time = 0; time < times; time += 1) await once(client);
    }),
  );
  return (performance.now() - began) / 1000;
}
