/** Errors of system calls that leat makes itself, as node:fs would throw them. */

/** The numbers of the errors that leat tells apart. node:os knows all of them, and takes 0.4 ms to load. */
const LINUX = {
  ENOENT: 2,
  EIO: 5,
  ENXIO: 6,
  EAGAIN: 11,
  EEXIST: 17,
  EXDEV: 18,
  EINVAL: 22,
  EFBIG: 27,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ELOOP: 40,
  EOPNOTSUPP: 95,
};
const MACOS: typeof LINUX = {
  ...LINUX,
  EAGAIN: 35,
  ENAMETOOLONG: 63,
  ENOSYS: 78,
  ELOOP: 62,
  EOPNOTSUPP: 102,
};

/** The errno values by their names. */
export const ERRNO = process.platform === "darwin" ? MACOS : LINUX;

/**
 * An error with the code that LeatError.from knows.
 * @param errno positive
 * @param call its name, for the message
 */
export function systemError(errno: number, call: string): Error {
  const name = nameOf(errno) ?? `errno ${errno}`;
  return Object.assign(new Error(`${call}: ${name}`), { code: name, errno: -errno, syscall: call });
}

let names: Map<number, string> | undefined;

function nameOf(errno: number): string | undefined {
  if (names === undefined) {
    const all = process.getBuiltinModule("node:os").constants.errno;
    names = new Map(Object.entries(all).map(([name, number]) => [number, name]));
    names.set(ERRNO.EAGAIN, "EAGAIN"); // also called EWOULDBLOCK, which LeatError.from does not know
  }
  return names.get(errno);
}
