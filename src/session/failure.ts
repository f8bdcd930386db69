/** A LeatError as the peer sees it, and back. The cause is never sent. */
import { CODES, type ErrorCode, LeatError } from "../errors.ts";
import { MAX_MESSAGE } from "../limits.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Failure, GoAway } from "../wire/gen/messages.ts";

export function failureBody(error: LeatError): Extract<FrameBodyInit, { case: "failure" }> {
  return { case: "failure", value: failureOf(error) };
}

export function failureOf(error: LeatError) {
  return {
    code: error.code,
    message: shorten(error.message),
    retryable: error.retryable,
    retryAfterMilliseconds: error.retryAfter === undefined ? undefined : whole(error.retryAfter),
  };
}

/** @param lastStream the last one that will be served */
export function goAwayBody(
  lastStream: number,
  error: LeatError,
): Extract<FrameBodyInit, { case: "goAway" }> {
  const { code, message, retryAfterMilliseconds } = failureBody(error).value;
  return { case: "goAway", value: { lastStream, code, message, retryAfterMilliseconds } };
}

/** The error that a peer sent. A code from a newer schema becomes INTERNAL. */
export function failureError(failure: Failure | GoAway): LeatError {
  const code: ErrorCode = failure.code in CODES ? (failure.code as ErrorCode) : "INTERNAL";
  const retryable = "retryable" in failure ? failure.retryable : CODES[code].retryable;
  const message = failure.message === "" ? `the peer reports ${code}` : shorten(failure.message);
  return new LeatError(code, message, {
    retryable,
    ...(failure.retryAfterMilliseconds === undefined
      ? {}
      : { retryAfter: failure.retryAfterMilliseconds }),
  });
}

/** As the field takes it: a uint32. */
function whole(milliseconds: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.ceil(milliseconds) || 0));
}

/** At most MAX_MESSAGE bytes of UTF-8, whatever the characters; half a pair can't be sent. */
function shorten(message: string): string {
  const most = Math.floor(MAX_MESSAGE / 3);
  const cut = message.length <= most ? message : `${message.slice(0, most - 2)} …`;
  return cut.toWellFormed();
}
