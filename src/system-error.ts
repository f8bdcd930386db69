/** Errors of system calls that leat makes itself, as node:fs would throw them. */
import { constants } from "node:os";

/** The errno values by their names. */
export const ERRNO = constants.errno;

const NAMES = new Map(Object.entries(ERRNO).map(([key, number]) => [number, key]));
NAMES.set(ERRNO.EAGAIN, "EAGAIN"); // also called EWOULDBLOCK, which LeatError.from does not know

/**
 * An error with the code that LeatError.from knows.
 * @param errno positive
 * @param call its name, for the message
 */
export function systemError(errno: number, call: string): Error {
  const name = NAMES.get(errno) ?? `errno ${errno}`;
  return Object.assign(new Error(`${call}: ${name}`), { code: name, errno: -errno, syscall: call });
}
