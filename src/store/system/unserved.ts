/** What a file system cannot do, as opposed to what fails. */
import { isSystemError } from "./system-error.ts";

/** EPERM and EACCES: it may not be asked for it, of this file or folder, or by us. */
const UNSERVED = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EOVERFLOW", "EPERM", "EACCES"];

export const isUnserved = (error: unknown): boolean => isSystemError(error, ...UNSERVED);

/** @returns whether it was done; false where the file system cannot @throws what fails */
export async function isServed(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isUnserved(error)) return false;
    throw error;
  }
}
