/**
 * A range of a file on its way in, over as many streams as it takes. When a stream is lost, or a
 * block arrives damaged, the rest from the last verified block on is asked for anew, of the same
 * version: nothing is spliced, and no verified byte is sent twice.
 */
import { type ErrorCode, LeatError } from "../../errors.ts";
import type { MaybePromise } from "../../store/store.ts";
import { Incoming } from "../../transfer/incoming.ts";
import type { Leg } from "./leg.ts";
import type { Retry } from "../connection/retry.ts";

/** Where the bytes go. */
export interface Landing {
  write(bytes: Uint8Array, position: number, leg: Leg): MaybePromise<void>;
  /** Bytes were written: the leg may send as many more. Missing where whoever reads says so. */
  written?(bytes: number, leg: Leg): void;
  /** Everything before `behind` is verified. @param blockCrc of the block that ends there */
  verified?(behind: number, blockCrc: number): void;
  /** Forgets what came from `position` on: it was not verified. */
  rewind(position: number): MaybePromise<void>;
}

export interface ReceptionOptions {
  readonly landing: Landing;
  readonly sha256: boolean;
  readonly retry: Retry;
  /** Begins another leg of the same version, that ends where the first one does. */
  readonly reopen: (offset: number, length: number) => Promise<Leg>;
}

/** Resolves when the whole range was written and verified. */
export async function receive(first: Leg, options: ReceptionOptions): Promise<void> {
  const end = first.head.offset + first.head.length;
  let position = first.head.offset;
  let leg = first;
  while (true) {
    const incoming = begin(leg, options);
    try {
      return await run(leg, incoming);
    } catch (thrown) {
      const error = LeatError.from(thrown);
      leg.cancel(error);
      await incoming.settled();
      if (error.code === "CHANGED" && !isWhole(leg, first)) throw changed(error);
      if (incoming.verified > position) options.retry.moved();
      position = incoming.verified;
      // A digest of the whole cannot be taken up in the middle.
      if (options.sha256) throw error;
      await options.landing.rewind(position);
      leg = await reopen(error, position, end - position, first.head.entry.size, options);
    }
  }
}

function begin(leg: Leg, { landing, sha256 }: ReceptionOptions): Incoming {
  const { offset, length } = leg.head;
  const range = { offset, length, sha256 };
  return new Incoming(range, {
    write: (bytes, position) => landing.write(bytes, position, leg),
    onConsumed: (bytes) => landing.written?.(bytes, leg),
    onVerified: (behind, blockCrc) => landing.verified?.(behind, blockCrc),
    onError: (error) => leg.cancel(error),
  });
}

function run(leg: Leg, incoming: Incoming): Promise<void> {
  return new Promise((resolve, reject) => {
    leg.take({
      data: (bytes, blockCrc) => incoming.data(bytes, blockCrc),
      finish: (finish) =>
        void Promise.try(() => incoming.finish(finish, leg.head.length)).then(resolve, reject),
      failed: reject,
    });
  });
}

/** @param error why the last leg ended: damage is asked for again at once, all else after a while */
async function reopen(
  error: LeatError,
  offset: number,
  length: number,
  size: number,
  options: ReceptionOptions,
): Promise<Leg> {
  let last = error;
  while (true) {
    if (!options.retry.repairs(last)) await options.retry.wait(last);
    try {
      return checkSize(await options.reopen(offset, length), size);
    } catch (thrown) {
      last = LeatError.from(thrown);
      if (last.code === "PRECONDITION_FAILED") throw changed(last);
    }
  }
}

/** Whether all that is to come comes on this leg: then the server compares, if the file is touched. */
function isWhole(leg: Leg, first: Leg): boolean {
  return leg === first && leg.head.offset === 0;
}

/** @throws PRECONDITION_FAILED: whatever a server calls it, a file of another size is another version */
export function checkSize(leg: Leg, size: number): Leg {
  const { entry } = leg.head;
  if (entry.size === size) return leg;
  const message = `${entry.name} has ${entry.size} bytes where it had ${size}`;
  const error = new LeatError("PRECONDITION_FAILED", message);
  leg.cancel(error);
  throw error;
}

/** Whether the file was another version when the rest of it was asked for, or became one. */
export function isReplaced({ code, cause }: LeatError): boolean {
  return code === "CHANGED" && cause instanceof LeatError && WAS_REPLACED.has(cause.code);
}

const WAS_REPLACED = new Set<ErrorCode>(["PRECONDITION_FAILED", "CHANGED"]);

function changed(cause: LeatError): LeatError {
  const message = `the file was changed on the server while it was fetched: ${cause.message}`;
  return new LeatError("CHANGED", message, { cause, retryable: true });
}
