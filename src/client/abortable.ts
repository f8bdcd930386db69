import { LeatError } from "../errors.ts";

/** The promise, or the signal's abort, whichever comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const give = (): void =>
      reject(new LeatError("CANCELLED", "it was given up", { cause: signal.reason }));
    if (signal.aborted) return give();
    signal.addEventListener("abort", give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
