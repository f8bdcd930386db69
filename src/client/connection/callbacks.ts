/** Callbacks of the caller may throw. Such a call is not tried again: the callback would throw again. */
import { LeatError } from "../../errors.ts";

/** Calls a callback of the caller, if there is one. @throws INTERNAL when it throws */
export function callBack<Arguments extends unknown[]>(
  name: string,
  callback: ((...args: Arguments) => void) | undefined,
  ...args: Arguments
): void {
  try {
    callback?.(...args);
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new LeatError("INTERNAL", `${name} threw: ${text}`, { cause: thrown });
  }
}

/**
 * As `callBack`, but for the middle of a read or write that other transfers share: that one is
 * finished first, then `fail` gets the error.
 */
export function callBackSafely<Arguments extends unknown[]>(
  fail: (error: LeatError) => void,
  name: string,
  callback: ((...args: Arguments) => void) | undefined,
  ...args: Arguments
): void {
  try {
    callBack(name, callback, ...args);
  } catch (thrown) {
    queueMicrotask(() => fail(LeatError.from(thrown)));
  }
}
