/** Counts how often this thread has waited in the kernel, as opposed to waiting for a core: getrusage(2). */
import { FFIType, ptr } from "bun:ffi";
import { lazyLibc } from "../../libc.ts";

/** Of this thread only; only Linux has it. */
const RUSAGE_THREAD = 1;

/** struct rusage: 18 fields of 8 bytes; ru_nvcsw is the last but one. */
const usage = new BigInt64Array(18);
const usageAt = ptr(usage);
const VOLUNTARY = 16;

const libc = lazyLibc(
  {
    getrusage: { args: [FFIType.i32, FFIType.i64_fast], returns: FFIType.i32 },
  },
  "linux",
);

/**
 * @returns the voluntary context switches of this thread; NaN, which equals nothing, where they are not
 *   known
 */
export function threadWaits(): number {
  if (libc()?.getrusage(RUSAGE_THREAD, usageAt) !== 0) return Number.NaN;
  return Number(usage[VOLUNTARY]);
}
