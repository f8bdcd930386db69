/** `--run-as USER`: a server that root has started gives all rights up but those of an ordinary user. */
import { readdirSync, readFileSync } from "node:fs";
import { FFIType, read } from "bun:ffi";
import { LeatError } from "../../errors.ts";
import { lazyLibc } from "../../libc.ts";
import { quote } from "../../store/names.ts";

const { cstring, i32, ptr, u32 } = FFIType;
const libc = lazyLibc({
  getpwnam: { args: [cstring], returns: ptr },
  initgroups: { args: [cstring, u32], returns: i32 },
  setgid: { args: [u32], returns: i32 },
  setuid: { args: [u32], returns: i32 },
});

/** Places of the numbers in `struct passwd`, behind two pointers. */
const UID = 16;
const GID = 20;

/**
 * From here on all threads of this process, and the processes that it starts, are those of `name`, with its groups.
 * @throws NOT_FOUND, PERMISSION_DENIED: only root may; INTERNAL, UNIMPLEMENTED
 */
export function runAs(name: string): void {
  const calls = libc();
  if (calls === undefined || process.getuid === undefined) {
    throw new LeatError("UNIMPLEMENTED", "--run-as is not possible on this system");
  }
  const own = Buffer.from(`${name}\0`);
  const record = calls.getpwnam(own);
  if (record === null)
    throw new LeatError("NOT_FOUND", `--run-as: there is no user ${quote(name)}`);
  const uid = read.u32(record, UID);
  const gid = read.u32(record, GID);
  if (process.getuid() === uid && uid !== 0) return;
  if (process.getuid() !== 0) {
    throw new LeatError("PERMISSION_DENIED", "--run-as: only root can become another user");
  }
  if (uid === 0) throw new LeatError("INVALID_ARGUMENT", `--run-as: ${quote(name)} is root itself`);
  // The user comes last: the other two need root.
  const isDone =
    calls.initgroups(own, gid) === 0 && calls.setgid(gid) === 0 && calls.setuid(uid) === 0;
  if (isDone && !isRootLeft(uid, gid) && calls.setuid(0) !== 0) return;
  throw new LeatError("INTERNAL", `--run-as: this process could not become ${quote(name)}`);
}

/** Whether a thread still has other rights. Each has its own in the kernel, and the C library changes all of them. */
export function isRootLeft(uid: number, gid: number): boolean {
  if (process.platform !== "linux") return process.getuid?.() !== uid;
  const [groups = ""] = /^Groups:.*$/m.exec(readFileSync("/proc/thread-self/status", "utf8")) ?? [];
  const all = [allOf("Uid", uid), allOf("Gid", gid), groups, `CapPrm:\t${"0".repeat(16)}`];
  return readdirSync("/proc/self/task").some((thread) => {
    try {
      const lines = readFileSync(`/proc/self/task/${thread}/status`, "utf8").split("\n");
      return !all.every((line) => lines.includes(line));
    } catch {
      return false; // it has ended
    }
  });
}

/** The real, effective and saved one, and that of the file system. */
const allOf = (what: string, id: number): string => `${what}:${`\t${id}`.repeat(4)}`;
