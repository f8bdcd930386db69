/** Transfers on which nothing moves, and why. */
import { STALL_NOTICE } from "../limits.ts";
import type { Stream } from "../session/stream.ts";
import type { Wait } from "../session/wait.ts";

/** What a transfer waits for. */
export interface Stall {
  readonly wait: Wait;
  /** For how many milliseconds nothing has moved. */
  readonly still: number;
}

/** Waits that a peer which is not there any more looks like. */
const ITS_TURN: ReadonlySet<Wait> = new Set(["credit", "peer", "commit"]);

/** @returns what the transfers wait for, when none of them has moved for STALL_NOTICE */
export function stallOf(
  streams: Iterable<Stream>,
  waitOf: (stream: Stream) => Wait | undefined,
  now: number,
): Stall | undefined {
  let stall: Stall | undefined;
  for (const stream of streams) {
    const wait = waitOf(stream);
    if (wait === undefined) continue;
    const still = now - stream.progress;
    if (still <= STALL_NOTICE) return undefined;
    stall ??= { wait, still };
  }
  return stall;
}

/** A peer whose turn it is may have nothing to say, or be gone. @param silence milliseconds */
export function orSilence(stall: Stall, silence: number): Stall {
  const silent = ITS_TURN.has(stall.wait) && silence > STALL_NOTICE;
  return silent ? { ...stall, wait: "silence" } : stall;
}
