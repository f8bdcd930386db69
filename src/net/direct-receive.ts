/** recv(2) by FFI into memory that is used again, instead of the runtime's own: no copy, no new array. */
import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { openLibc } from "../libc.ts";

const MSG_DONTWAIT = process.platform === "darwin" ? 0x80 : 0x40;

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
function libc() {
  if (found === undefined) found = (process.platform === "linux" && openLibc(load)) || null;
  return found;
}

export const SIZE = Number(process.env.DR_SIZE ?? 512) * 1024;
interface Memory {
  bytes: Uint8Array;
  at: ReturnType<typeof ptr>;
}
const pool: Memory[] = [];
const out = new Map<ArrayBufferLike, Memory>();

export function give(buffer: ArrayBufferLike): boolean {
  const memory = out.get(buffer);
  if (memory === undefined) return false;
  out.delete(buffer);
  if (pool.length < 8) pool.push(memory);
  return true;
}

let calls = 0,
  total = 0;
if (process.env.DR_STAT) process.on("exit", () => console.error("direct", calls, total));
/** @returns a chunk; 0 nothing now; -errno */
export function receive(fd: number): Uint8Array | number {
  const symbols = libc();
  if (symbols === null) return 0;
  let memory = pool.pop();
  if (memory === undefined) {
    const bytes = new Uint8Array(new ArrayBuffer(SIZE));
    memory = { bytes, at: ptr(bytes) };
  }
  const n = Number(symbols.recv(fd, memory.at, SIZE, MSG_DONTWAIT));
  if (n <= 0) {
    pool.push(memory);
    return n === 0 ? 0 : -read.i32(symbols["__errno_location"]()!, 0);
  }
  calls++;
  total += n;
  if (n < 16384) {
    const copy = memory.bytes.slice(0, n);
    pool.push(memory);
    return copy;
  }
  out.set(memory.bytes.buffer, memory);
  return memory.bytes.subarray(0, n);
}

export const LOOP = process.env.DR_LOOP !== undefined;
const pfd = new Int32Array(new ArrayBuffer(8));
const pfdAt = ptr(pfd);
export function wait(fd: number, ms: number): boolean {
  pfd[0] = fd;
  pfd[1] = 1;
  return libc()!.poll(pfdAt, 1, ms) !== 0;
}
