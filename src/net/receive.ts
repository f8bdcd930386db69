/** recv(2) and poll(2) of Linux by FFI: bytes of a socket come into memory of the caller. */
import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { openLibc } from "../libc.ts";

/** Nothing waits now. */
export const EAGAIN = 11;
export const EINTR = 4;

const MSG_DONTWAIT = 0x40;
const POLLIN = 1;

function load(library: string) {
  return dlopen(library, {
    recv: {
      args: [FFIType.i32, FFIType.ptr, FFIType.u64_fast, FFIType.i32],
      returns: FFIType.i64_fast,
    },
    poll: { args: [FFIType.ptr, FFIType.u64_fast, FFIType.i32], returns: FFIType.i32 },
    __errno_location: { args: [], returns: FFIType.ptr },
  }).symbols;
}

let found: ReturnType<typeof load> | null | undefined;

/** The C library, or null where it can't be had; looked for once. */
function libc(): ReturnType<typeof load> | null {
  if (found === undefined) found = (process.platform === "linux" && openLibc(load)) || null;
  return found;
}

/** Whether this system has them. */
export const canReceive = (): boolean => libc() !== null;

/** Memory for bytes that come. Its address stays good: an array that has a buffer is never moved. */
export class ReceiveBuffer {
  readonly bytes: Uint8Array;
  readonly #address: ReturnType<typeof ptr>;

  /** @param size in bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(size));
    this.#address = ptr(this.bytes);
  }

  /** Waits for nothing. @returns bytes that came; 0 after the peer's FIN; or a negative errno */
  receive(socket: number): number {
    const { recv, __errno_location: errno } = libc()!;
    const received = Number(recv(socket, this.#address, this.bytes.length, MSG_DONTWAIT));
    // Nothing of ours runs between the two calls on this thread, so errno is still that of the first.
    return received >= 0 ? received : -read.i32(errno()!, 0);
  }
}

/** Descriptors that are waited for together. */
export class PollSet {
  // struct pollfd: the descriptor; then events asked for, and events that happened, of 16 bits each.
  readonly #entries: Int32Array;
  readonly #address: ReturnType<typeof ptr>;

  constructor(descriptors: readonly number[]) {
    this.#entries = new Int32Array(new ArrayBuffer(8 * descriptors.length));
    this.#address = ptr(this.#entries);
    for (const [i, fd] of descriptors.entries()) this.#entries.set([fd, POLLIN], 2 * i);
  }

  /**
   * Blocks this thread until one has something to read, or an error, or until a signal comes.
   * @param most milliseconds
   */
  wait(most: number): void {
    // After an interruption the results are the last ones: a read that finds nothing is harmless.
    libc()!.poll(this.#address, this.#entries.length / 2, most);
  }

  /** @param index of the descriptor, as they were given @returns whether it has something */
  isReady(index: number): boolean {
    return this.#entries[2 * index + 1]! >>> 16 !== 0;
  }
}
