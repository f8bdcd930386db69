/** Transfers that do not move, and why. */
import { STALL_NOTICE } from "../limits.ts";
import { type Wait, waitOf } from "../session/wait.ts";
import type { Connection } from "./connection.ts";
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
 * @param silence for how many milliseconds nothing has come from the peer
 * @returns undefined unless none of the transfers has moved for STALL_NOTICE
 */
export function stallOf(
  { session, blockedSince }: Connection,
  silence: number,
  now: number,
): Stall | undefined {
  let stall: Stall | undefined;
  for (const stream of session.streams.values()) {
    const wait = waitOf(stream, session.role, blockedSince !== undefined);
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

/** Server: ends transfers that have waited too long; tells the driver, once, of each that does not move. */
export function checkStreams(connection: Connection, now: number): void {
  const { session, driver, phase, blockedSince } = connection;
  if (session.role === "client" || phase !== "open") return;
  for (const stream of session.streams.values()) {
    const still = now - stream.progress;
    if (still <= STALL_NOTICE) continue;
    const error = streamLate(stream, still);
    if (error !== undefined) {
      connection.fail(stream.id, error);
      connection.onEvent({ type: "failure", stream: stream.id, error });
    } else if (stream.stalledAt !== stream.progress) {
      stream.stalledAt = stream.progress;
      const wait = waitOf(stream, "server", blockedSince !== undefined);
      if (wait !== undefined) driver.onStalled?.(stream.id, { wait, still });
    }
  }
}
