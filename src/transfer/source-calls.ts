/** Calls of a source with answers that a careless store may give wrongly. */
import { LeatError } from "../errors.ts";
import type { MaybePromise, Source } from "../store/store.ts";

/**
 * Closes a file that was read from. An error is ignored: the bytes were read and are checked by their sums,
 * and it must not hide why a transfer failed.
 */
export function closeSource(source: Source): void {
  try {
    source[Symbol.dispose]();
  } catch {
    // Ignored, as said above.
  }
}

/** The answer of a source that promised to answer at once. @throws INTERNAL where it comes later */
export function atOnce<T>(answer: MaybePromise<T>): T {
  if (!(answer instanceof Promise)) return answer;
  answer.catch(() => {}); // no caller waits for it
  throw new LeatError("INTERNAL", "a source that answers at once has answered later");
}
