import { LeatError } from "../../errors.ts";

/**
 * What a callback of the caller threw, as the error of its call. Whatever it was, it is not tried
 * again: the callback would be asked once more.
 * @param name of the callback
 */
export function threw(name: string, thrown: unknown): LeatError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new LeatError("INTERNAL", `${name} threw: ${text}`, { cause: thrown });
}

/** Calls a callback of the caller, if there is one. @throws INTERNAL */
export function callBack<Arguments extends unknown[]>(
  name: string,
  callback: ((...args: Arguments) => void) | undefined,
  ...args: Arguments
): void {
  try {
    callback?.(...args);
  } catch (thrown) {
    throw threw(name, thrown);
  }
}
