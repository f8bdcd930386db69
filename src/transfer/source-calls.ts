/** Calls of a source in which more than its answer may go wrong: any store may be behind it. */
import { LeatError } from "../errors.ts";
import type { MaybePromise, Source } from "../store/store.ts";

/**
 * Closes a file that was read from. The bytes that were read are there, and checked by their sums: that it
 * cannot be closed takes nothing away from it, and must not hide why a transfer failed.
 */
export function closeSource(source: Source): void {
  try {
    source[Symbol.dispose]();
  } catch {
    // As said above.
  }
}

/** The answer of a source that said it answers at once. @throws INTERNAL where it comes later */
export function atOnce<T>(answer: MaybePromise<T>): T {
  if (!(answer instanceof Promise)) return answer;
  answer.catch(() => {}); // nobody waits for it
  throw new LeatError("INTERNAL", "a source that answers at once has answered later");
}
