/** Refusals, as a test wants to look at them. */
import { LeatError } from "../../src/errors.ts";

/** What a promise is refused with. @throws what else it was rejected with, and when it was not */
export async function refusal(promise: Promise<unknown>): Promise<LeatError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LeatError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

export const refusalCode = async (promise: Promise<unknown>): Promise<string> =>
  (await refusal(promise)).code;
