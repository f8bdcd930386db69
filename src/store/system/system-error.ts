/** Errors of system calls, as node:fs throws them. */
import { LeatError } from "../../errors.ts";

/** Whether this is a system error with one of these codes. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return typeof error.code === "string" && codes.includes(error.code);
}

/** @returns the result of the work; undefined after a system error with this code */
export function tolerate<Result>(code: string, work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (isSystemError(error, code)) return undefined;
    throw error;
  }
}

/** @param failure for the message: "cannot make a file" @throws the error of the work, as a LeatError */
export function explain<Result>(failure: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw LeatError.from(error, failure);
  }
}

/** Does work whose errors change nothing for the caller. */
export function ignoreErrors(work: () => void): void {
  try {
    work();
  } catch {}
}

/** EPERM and EACCES: the file system does not let us do it to this file or folder. */
const UNSUPPORTED = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EOVERFLOW", "EPERM", "EACCES"];

/** Whether the file system cannot do what was asked for, as opposed to a failure. */
export const isUnsupported = (error: unknown): boolean => isSystemError(error, ...UNSUPPORTED);

/** @returns whether the work was done; false where the file system cannot @throws its failure */
export async function isSupported(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
}
