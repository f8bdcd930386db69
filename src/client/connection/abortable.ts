/**
 * Promises that a signal rejects. Everything that waits for a signal uses these, so that it rejects
 * once, whenever the signal aborts, and leaves no listener behind.
 */
import { LeatError } from "../../errors.ts";

/**
 * The error of an aborted signal: DEADLINE_EXCEEDED for `AbortSignal.timeout`, its reason where that
 * is a LeatError, else CANCELLED.
 */
export function abortError({ reason }: AbortSignal): LeatError {
  const cause: unknown = reason;
  if (cause instanceof LeatError) return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError") {
    return new LeatError("DEADLINE_EXCEEDED", "it took longer than its signal allows", { cause });
  }
  return new LeatError("CANCELLED", "it was given up", { cause });
}

/** @throws the error of the signal, when it is aborted already */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal);
}

/**
 * Calls `act` once when the signal aborts; at once when it has already.
 * @returns removes the listener: one signal may serve thousands of requests, and must not remember
 *   those that are over
 */
export function onAbort(
  signal: AbortSignal | undefined,
  act: (error: LeatError) => void,
): () => void {
  if (signal === undefined) return () => {};
  const listener = (): void => act(abortError(signal));
  if (signal.aborted) {
    listener();
    return () => {};
  }
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** Resolves after so many milliseconds; rejects when the signal aborts before. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      release();
      resolve();
    }, milliseconds);
    const release = onAbort(signal, (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Settles as the promise, or rejects when the signal aborts first; what the promise does then is ignored. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const release = onAbort(signal, reject);
    promise.then(resolve, reject).finally(release);
  });
}
