import { expect } from "bun:test";
import { LeatError, type ErrorCode } from "../../src/errors.ts";

/** Runs what has to throw a LeatError of that code, and gives the error for a closer look. */
export function refusal(code: ErrorCode, run: () => unknown): LeatError {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(LeatError);
  const error = thrown as LeatError;
  expect(error).toHaveProperty("code", code);
  return error;
}
