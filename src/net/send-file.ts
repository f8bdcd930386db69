/** sendfile(2) of Linux by FFI: the kernel moves bytes of a file to a socket, nothing is read here. */
import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { openLibc } from "../libc.ts";

/** The socket takes nothing more now. */
export const EAGAIN = 11;
const ENOSYS = 38;

function load(library: string) {
  return dlopen(library, {
    sendfile: {
      args: [FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.i64_fast],
      returns: FFIType.i64_fast,
    },
    __errno_location: { args: [], returns: FFIType.ptr },
  }).symbols;
}

let found: ReturnType<typeof load> | null | undefined;

/** The C library, or null where it can't be had; looked for once. */
function libc(): ReturnType<typeof load> | null {
  if (found === undefined) found = (process.platform === "linux" && openLibc(load)) || null;
  return found;
}

/** Whether this system has it. */
export const canSendFile = (): boolean => libc() !== null;

// An off_t, the low half first on all that Bun runs on. The pointer stays good because the array has a
// buffer from the start: a small one without is moved when it gets one, some time later.
const position = new Uint32Array(new ArrayBuffer(8));
const positionAt = ptr(position);

/**
 * @param socket whose writes don't block, with nothing of ours unsent before it
 * @param from first byte in the file
 * @returns bytes that were taken; 0 at the end of the file; or a negative errno
 */
export function sendFile(socket: number, file: number, from: number, length: number): number {
  const symbols = libc();
  if (symbols === null) return -ENOSYS;
  position[0] = from % 2 ** 32;
  position[1] = Math.floor(from / 2 ** 32);
  const sent = Number(symbols.sendfile(socket, file, positionAt, length));
  if (sent >= 0) return sent;
  // Nothing of ours runs between the two calls on this thread, so errno is still that of the first.
  const location = symbols["__errno_location"]();
  return location === null ? -ENOSYS : -read.i32(location, 0);
}
