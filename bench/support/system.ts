/** What the kernel says of a process: time used, memory held. Linux. */
import { dlopen, ptr } from "bun:ffi";
import { readFileSync, writeFileSync } from "node:fs";

/** CPUCLOCK_SCHED of the kernel's clock numbers: what all threads of a process ran, those that ended included. */
const PROCESS_CLOCK = 2;

const libc = dlopen(process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
});

/** User and system time of a process, in seconds, to the nanosecond: /proc counts in 10 ms, and many runs take no more. */
export function cpuTime(pid: number): number {
  const time = new BigInt64Array(2);
  if (libc.symbols.clock_gettime((~pid << 3) | PROCESS_CLOCK, ptr(time)) !== 0) {
    throw new Error(`process ${pid} is gone`);
  }
  return Number(time[0]) + Number(time[1]) / 1e9;
}

/** Resident memory, in bytes. */
export function residentMemory(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** Resident memory of this process to the page, in bytes: the other figures lag by some hundred KiB. */
export function exactMemory(): number {
  const sums = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Rss:\s+(\d+) kB/m.exec(sums)![1]) * 1024;
}

/** The most it was since it began or since `forgetPeak`, in bytes. */
export function peakMemory(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

/** From now on `peakMemory` tells what is used from now on. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no ${field}: it is gone`);
  return Number(kilobytes) * 1024;
}

/** Kernel memory of all TCP sockets, in bytes: bench alone on the machine. */
export function tcpMemory(): number {
  const sockstat = readFileSync("/proc/net/sockstat", "utf8");
  return Number(/^TCP: .* mem (\d+)/m.exec(sockstat)?.[1] ?? 0) * 4096;
}
