/** Files and chance for tests of interrupted transfers. */
import { readdirSync } from "node:fs";
import { type Client, connect, LeatError } from "../../src/index.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";

/** Printed by every file that uses it; LEAT_SEED repeats a run. */
export const SEED = Number(process.env.LEAT_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** Numbers from a seed: mulberry32. */
export function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Bytes in which no two blocks are the same. */
export function contents(size: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = (seed | 1) >>> 0;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** Hidden files in a folder: what interrupted downloads have left. */
export function left(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("."));
}

export async function refusal(promise: Promise<unknown>): Promise<LeatError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LeatError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

/** A client behind a proxy. @param faults of its connections; those after them have none */
export async function behindFaults(
  port: number,
  faults: readonly Fault[],
  use: (client: Client, proxy: FaultProxy) => Promise<void>,
  retry = 20_000,
): Promise<void> {
  using proxy = new FaultProxy(port, (connection) => faults[connection] ?? {});
  await using client = await connect(proxy.address, { retry });
  await use(client, proxy);
}
