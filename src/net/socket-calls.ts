/**
 * recv(2), poll(2) and sendfile(2) of Linux by FFI, on the descriptor of a socket. They answer as the
 * kernel does, but for errors: those are negative errno.
 */
import { FFIType, ptr, read } from "bun:ffi";
import { lazyLibc } from "../libc.ts";

/** Nothing waits, or the socket takes nothing more, now. */
export const EAGAIN = 11;
export const EINTR = 4;

const MSG_DONTWAIT = 0x40;
const POLLIN = 1;

const { i32, i64_fast, u64_fast, ptr: pointer } = FFIType;
const libc = lazyLibc(
  {
    recv: { args: [i32, pointer, u64_fast, i32], returns: i64_fast },
    poll: { args: [pointer, u64_fast, i32], returns: i32 },
    sendfile: { args: [i32, i32, pointer, i64_fast], returns: i64_fast },
    __errno_location: { args: [], returns: pointer },
  },
  "linux",
);

/** Whether this system has them. */
export const hasSocketCalls = (): boolean => libc() !== undefined;

/** Nothing of ours runs on this thread between a call and this, so errno is still the call's. */
const negativeErrno = (): number => -read.i32(libc()!["__errno_location"]()!, 0);

/** Memory for bytes that come. Its address stays good: an array that has a buffer is never moved. */
export class ReceiveBuffer {
  readonly bytes: Uint8Array;
  readonly #address: ReturnType<typeof ptr>;

  /** @param size in bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(size));
    this.#address = ptr(this.bytes);
  }

  /**
   * Waits for nothing.
   * @param most bytes, no more than its size
   * @returns bytes that came; 0 after the peer's FIN; or a negative errno
   */
  receive(socket: number, most: number): number {
    const received = Number(libc()!.recv(socket, this.#address, most, MSG_DONTWAIT));
    return received >= 0 ? received : negativeErrno();
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
  position[0] = from % 2 ** 32;
  position[1] = Math.floor(from / 2 ** 32);
  const sent = Number(libc()!.sendfile(socket, file, positionAt, length));
  return sent >= 0 ? sent : negativeErrno();
}
