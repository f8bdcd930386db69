/** What a connection costs a server while nothing happens on it. */
import { KiB } from "../../src/limits.ts";
import type { Idle } from "./competitor.ts";
import { proportionalMemory } from "./process-group.ts";

/** Connections opened at once. */
const TOGETHER = 4;
/** Milliseconds without a change of the server's memory by more than a page or so. */
const QUIET = 50;
const DEADLINE = 3000;

export const connectionsOf = ({ most = Infinity }: Idle, wanted: number): number =>
  Math.min(most, wanted);

/** @returns KiB of server memory for each of `count` connections */
export async function memoryEach(idle: Idle, count: number, signal: AbortSignal): Promise<number> {
  const before = await steady(idle);
  await using connections = new AsyncDisposableStack();
  const openNext = async (_: unknown, opener: number): Promise<void> => {
    for (let index = opener; index < count; index += TOGETHER) {
      signal.throwIfAborted();
      connections.use(await idle.open());
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, openNext));
  return ((await steady(idle)) - before) / KiB / count;
}

/** Memory of the server once it stays the same: processes come and go some time after connections. */
async function steady({ server }: Idle): Promise<number> {
  const until = performance.now() + DEADLINE;
  let [processes, bytes] = [0, 0];
  while (performance.now() < until) {
    const pids = server.pids();
    const now = proportionalMemory(pids);
    if (pids.length === processes && Math.abs(now - bytes) < 64 * KiB) return now;
    [processes, bytes] = [pids.length, now];
    await Bun.sleep(QUIET);
  }
  return bytes;
}
