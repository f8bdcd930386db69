/**
 * A second descriptor for an open socket. Closing the first one then sends nothing to the peer and
 * takes nothing from it: Bun's close is epoll_ctl(DEL) and close(2), without shutdown(2).
 */
import { FFIType } from "bun:ffi";
import { LeatError } from "../errors.ts";
import { lazyLibc } from "../libc.ts";

const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;

const { i32 } = FFIType;
const libc = lazyLibc({
  dup: { args: [i32], returns: i32 },
  dup2: { args: [i32, i32], returns: i32 },
  fcntl: { args: [i32, i32, i32], returns: i32 },
  close: { args: [i32], returns: i32 },
});

/** @throws UNIMPLEMENTED where the C library is an unknown one */
function calls(): NonNullable<ReturnType<typeof libc>> {
  const found = libc();
  if (found !== undefined) return found;
  throw new LeatError("UNIMPLEMENTED", "sockets cannot be handed over on this system");
}

/**
 * Processes that are started later do not inherit it, unless it is given to them.
 * @throws UNIMPLEMENTED, RESOURCE_EXHAUSTED when the process has all its descriptors
 */
export function duplicate(fd: number): number {
  const { dup, fcntl } = calls();
  // On macOS the arguments of fcntl are passed in a way that FFI does not know; there Bun closes
  // what a process is not given when it starts one.
  const copy = process.platform === "linux" ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : dup(fd);
  if (copy >= 0) return copy;
  throw new LeatError("RESOURCE_EXHAUSTED", `descriptor ${fd} cannot be duplicated`);
}

/** From now on the number `fd` stands for what `target` does. @throws UNIMPLEMENTED */
export function redirect(fd: number, target: number): void {
  calls().dup2(target, fd);
}

/** Linux: reading, writing and accepting never wait for the peer. */
export function setNonBlocking(fd: number): void {
  const { fcntl } = calls();
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
}

/** Linux: a pipe holds so many bytes from now on, if the system allows it. Nothing where it is no pipe. */
export function setPipeSize(fd: number, bytes: number): void {
  if (process.platform === "linux") calls().fcntl(fd, F_SETPIPE_SZ, bytes);
}

/** Closes a descriptor of `duplicate` that was not adopted. */
export function closeDuplicate(fd: number): void {
  calls().close(fd);
}
