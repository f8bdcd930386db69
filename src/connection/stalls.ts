/** Transfers that do not move, and why. */
import type { LeatError } from "../errors.ts";
import { STALL_NOTICE } from "../limits.ts";
import type { Side } from "../session/state.ts";
import type { Stream } from "../session/stream.ts";
import { type Wait, waitOf } from "../session/wait.ts";
import { streamLate } from "./deadlines.ts";

/** A transfer, or all of a connection, does not move. */
export interface Stall {
  readonly wait: Wait;
  /** For how many milliseconds nothing has moved. */
  readonly still: number;
}

/** Waits for a peer, which may be gone. */
const ITS_TURN: ReadonlySet<Wait> = new Set(["credit", "peer", "commit"]);

/**
 * @param blocked the transport takes no bytes
 * @param silence for how many milliseconds nothing has come from the peer
 * @returns undefined unless none of the transfers has moved for STALL_NOTICE
 */
export function stallOf(
  streams: Iterable<Stream>,
  role: Side,
  blocked: boolean,
  silence: number,
  now: number,
): Stall | undefined {
  let stall: Stall | undefined;
  for (const stream of streams) {
    const wait = waitOf(stream, role, blocked);
    if (wait === undefined) continue;
    const still = now - stream.progress;
    if (still <= STALL_NOTICE) return undefined;
    stall ??= { wait, still };
  }
  return stall && orSilence(stall, silence);
}

/** A peer whose turn it is may be busy, or be gone. @param silence milliseconds */
function orSilence(stall: Stall, silence: number): Stall {
  const silent = ITS_TURN.has(stall.wait) && silence > STALL_NOTICE;
  return silent ? { ...stall, wait: "silence" } : stall;
}

/**
 * Server: looks for transfers on which nothing has moved for a while.
 * @param late gets each that has waited too long, with the error that it ends with
 * @param stalled gets each that has not moved for STALL_NOTICE, once until it moves
 */
export function checkStreams(
  streams: Iterable<Stream>,
  blocked: boolean,
  now: number,
  late: (stream: number, error: LeatError) => void,
  stalled: (stream: number, stall: Stall) => void,
): void {
  for (const stream of streams) {
    const still = now - stream.progress;
    if (still <= STALL_NOTICE) continue;
    const error = streamLate(stream, still);
    if (error !== undefined) {
      late(stream.id, error);
    } else if (stream.stalledAt !== stream.progress) {
      stream.stalledAt = stream.progress;
      const wait = waitOf(stream, "server", blocked);
      if (wait !== undefined) stalled(stream.id, { wait, still });
    }
  }
}
