/** Socket options that Bun does not offer, set by FFI where the system has them. */
import { FFIType, ptr } from "bun:ffi";
import { lazyLibc } from "../libc.ts";
import { NOT_SENT_LOW_WATER, PROGRAM_SOCKET } from "../limits.ts";

const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = process.platform === "darwin" ? 0x201 : 25;
const [SOL_SOCKET, SO_SNDBUF] = process.platform === "darwin" ? [0xffff, 0x1001] : [1, 7];
/** Asks for the bytes that are not sent yet, on Linux. */
const SIOCOUTQNSD = 0x894b;

const { i32, u32, u64_fast, ptr: pointer } = FFIType;
/** Without it, the kernel's own default holds. */
const libc = lazyLibc({
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
});
const linux = lazyLibc({ ioctl: { args: [i32, u64_fast, pointer], returns: i32 } }, "linux");

// Made with a buffer, so that it is never moved.
const value = new Int32Array(new ArrayBuffer(4));
const valueAt = ptr(value);
const programSocket = new Int32Array([PROGRAM_SOCKET]);

/**
 * Bounds what the kernel holds unsent for one peer: 200 readers that read nothing held 807 MiB of
 * kernel memory without it, 38 MiB with it.
 * Where the system does not take it, the send buffer bounds.
 * @param fd of a connected TCP socket
 * @param bytes about so many
 */
export function setNotSentLowWater(fd: number, bytes = NOT_SENT_LOW_WATER): void {
  value[0] = bytes;
  libc()?.setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, valueAt, 4);
}

/** Bytes that the kernel holds unsent for a peer; undefined where it does not say. */
export function notSent(fd: number): number | undefined {
  return linux()?.ioctl(fd, SIOCOUTQNSD, valueAt) === 0 ? value[0] : undefined;
}

/** @param fd of the end of a pair of sockets that a program gets: so much it can write before it is read */
export function setProgramSocket(fd: number): void {
  libc()?.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, ptr(programSocket), 4);
}
