import { expect, test } from "bun:test";
import { CODES, type ErrorCode, LeatError } from "../../src/errors.ts";
import { MAX_MESSAGE } from "../../src/limits.ts";
import { failureBody, failureError } from "../../src/session/failure.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { Failure } from "../../src/wire/gen/messages.ts";
import { framesIn } from "../support/pair.ts";

/** An error as the peer sees it, by way of the wire. */
function heard(error: LeatError): LeatError {
  const [frame] = framesIn(encodeFrame(1, failureBody(error)));
  return failureError((frame!.body as { value: Failure }).value);
}

test.each(Object.keys(CODES) as ErrorCode[])("%s arrives as it was sent", (code) => {
  const error = new LeatError(code, "there is no cheese", { retryAfter: 7 });
  const { retryable, retryAfter, message, cause } = heard(error);
  expect({ retryable, retryAfter, message, cause }).toEqual({
    retryable: CODES[code].retryable,
    retryAfter: 7,
    message: "there is no cheese",
    cause: undefined,
  });
  expect(heard(error).code).toBe(code);
});

test("what an error says of trying again goes before what its code says", () => {
  const error = heard(new LeatError("NOT_FOUND", "not yet", { retryable: true }));
  expect([error.retryable, error.retryAfter]).toEqual([true, undefined]);
});

test.each([
  [1.5, 2],
  [-1, 0],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0xffff_ffff],
])("to wait %p milliseconds is told as %p", (retryAfter, told) => {
  expect(heard(new LeatError("UNAVAILABLE", "later", { retryAfter })).retryAfter).toBe(told);
});

test("the cause stays here", () => {
  const error = new LeatError("INTERNAL", "it broke", { cause: new Error("at /home/secret") });
  expect(new TextDecoder().decode(encodeFrame(1, failureBody(error)))).not.toContain("secret");
});

test.each([
  ["ASCII", "x"],
  ["two bytes", "ä"],
  ["three bytes", "中"],
  ["pairs", "😀"],
  ["a pair that is cut in half", "x😀"],
  ["halves of pairs", "\ud83d"],
])("a long message of %s is cut to fit, and is still Unicode", (_name, character) => {
  for (let length = 330; length < 345; length++) {
    for (const text of [character.repeat(length), "x".repeat(length) + character.repeat(1000)]) {
      const { message } = heard(new LeatError("NOT_FOUND", text));
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(MAX_MESSAGE);
      expect(message.length).toBeGreaterThan(300);
      expect(message.isWellFormed()).toBe(true);
      if (text.length > MAX_MESSAGE) expect(message).toEndWith(" …");
    }
  }
});

test("a code of a newer schema, and silence, are something", () => {
  const failure = { code: "CODE_UNSPECIFIED", message: "", retryable: true } as const;
  const error = failureError(failure);
  expect([error.code, error.message, error.retryable]).toEqual([
    "INTERNAL",
    "the peer reports INTERNAL",
    true,
  ]);
});

test("a GoAway says whether to try again by its code", () => {
  const error = failureError({ code: "UNAVAILABLE", message: "bye", lastStream: 0 });
  expect([error.retryable, error.message]).toEqual([true, "bye"]);
});
