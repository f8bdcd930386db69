/**
 * For run-as.test.ts: gives the rights of root up by the C library, which changes all threads, but one of them by a system
 * call, which changes the calling thread alone. Prints whether some are left.
 */
import { dlopen, FFIType } from "bun:ffi";
import { isRootLeft } from "../../src/cli/server/run-as.ts";

const { i32, i64_fast: number, ptr } = FFIType;
const { symbols: libc } = dlopen("libc.so.6", {
  syscall: { args: [number, number, number, number], returns: number },
  setgroups: { args: [number, ptr], returns: i32 },
  setresgid: { args: [i32, i32, i32], returns: i32 },
  setresuid: { args: [i32, i32, i32], returns: i32 },
  prctl: { args: [i32, number, number, number, number], returns: i32 },
});
const [SETRESUID, SETRESGID, SETGROUPS] =
  process.arch === "arm64" ? [147, 149, 159] : [117, 119, 116];
const PR_SET_KEEPCAPS = 8;

const [, , text, left] = process.argv;
const id = Number(text);
libc.setgroups(1, Uint32Array.of(id + 1));
if (left === "groups") libc.syscall(SETGROUPS!, 0, 0, 0);
else libc.setgroups(0, null);
if (left === "gid") libc.syscall(SETRESGID!, id, id, id);
else libc.setresgid(id, id, id);
if (left === "capabilities") libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
if (left === "uid") libc.syscall(SETRESUID!, id, id, id);
else libc.setresuid(id, id, id);
console.log(isRootLeft(id, id));
