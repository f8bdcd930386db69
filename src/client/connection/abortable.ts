/**
 * Waits that a signal ends. Everything that waits for a signal goes through here, so that it rejects
 * once, whenever the signal is aborted, and leaves no listener behind.
 */
import { LeatError } from "../../errors.ts";

/**
 * Why a signal ends what it was given to: DEADLINE_EXCEEDED for `AbortSignal.timeout`, a LeatError
 * that it was aborted with, and CANCELLED for all else.
 */
export function givenUp({ reason }: AbortSignal): LeatError {
  const cause: unknown = reason;
  if (cause instanceof LeatError) return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError") {
    return new LeatError("DEADLINE_EXCEEDED", "the time that it was given is up", { cause });
  }
  return new LeatError("CANCELLED", "it was given up", { cause });
}

/** @throws why the signal, when it is aborted already */
export function checkWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw givenUp(signal);
}

/**
 * Calls `act` once when the signal is aborted; at once when it is already.
 * @returns stops listening: one signal may serve thousands of requests, and forgets those that are over
 */
export function onAbort(
  signal: AbortSignal | undefined,
  act: (error: LeatError) => void,
): () => void {
  if (signal === undefined) return () => {};
  const listener = (): void => act(givenUp(signal));
  if (signal.aborted) {
    listener();
    return () => {};
  }
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** The promise, or the signal's abort, whichever comes first. A later outcome of the promise is dropped. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const release = onAbort(signal, reject);
    promise.then(resolve, reject).finally(release);
  });
}
