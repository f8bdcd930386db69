/** What a file system cannot do, as opposed to what fails. */
import { isSystemError } from "./system-error.ts";

/** EPERM and EACCES: it may not be asked for it, of this file or folder, or by us. */
const UNSERVED = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EOVERFLOW", "EPERM", "EACCES"];

export const isUnsupported = (error: unknown): boolean => isSystemError(error, ...UNSERVED);

/** @returns whether it was done; false where the file system cannot @throws what fails */
export async function isSupported(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
}
