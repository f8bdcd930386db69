/** Two connected sockets, for a program that is started with one of them as its standard streams. */
import { FFIType, ptr } from "bun:ffi";
import { LeatError } from "../errors.ts";
import { lazyLibc } from "../libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
/** Linux: programs that are started meanwhile do not inherit them. */
const SOCK_CLOEXEC = process.platform === "linux" ? 0o2000000 : 0;

const { i32, ptr: pointer } = FFIType;
const libc = lazyLibc({
  socketpair: { args: [i32, i32, i32, pointer], returns: i32 },
});

/** The caller closes both. @throws UNIMPLEMENTED, RESOURCE_EXHAUSTED */
export function socketPair(): readonly [number, number] {
  const found = libc();
  if (found === undefined) {
    const message = "no program can be started for a connection: the C library is an unknown one";
    throw new LeatError("UNIMPLEMENTED", message);
  }
  const pair = new Int32Array(2);
  if (found.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ptr(pair)) === 0) {
    return [pair[0]!, pair[1]!];
  }
  throw new LeatError("RESOURCE_EXHAUSTED", "too many files are open for another connection");
}
