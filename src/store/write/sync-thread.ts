/**
 * syncfs(2) on a thread of its own: one call puts on disk what dozens of files have written, where an
 * fsync for each makes the disk wait for each. node:fs lacks the call, and here it would hold up the
 * event loop.
 */
import { release } from "node:os";
import { LIBC_NAMES } from "../../libc.ts";
import { systemError } from "../system/kernel.ts";

/** Before, the call did not tell that something could not be written (syncfs(2), "BUGS"). */
const LEAST_KERNEL = [5, 8] as const;

/** The whole program: a string, so that it is there wherever leat was bundled into. */
const PROGRAM = `
import { dlopen, read } from "bun:ffi";
const open = (name) => {
  try {
    return dlopen(name, {
      syncfs: { args: ["i32"], returns: "i32" },
      __errno_location: { args: [], returns: "ptr" },
    }).symbols;
  } catch {
    return undefined;
  }
};
const symbols = ${JSON.stringify(LIBC_NAMES)}.map(open).find((found) => found !== undefined);
self.onmessage = ({ data: fd }) => {
  const failed = symbols === undefined || symbols.syncfs(fd) !== 0;
  self.postMessage(failed ? (symbols === undefined ? 38 : read.i32(symbols.__errno_location(), 0)) : 0);
};
`;

export class SyncThread {
  readonly #worker: Worker;
  /** Why there is no thread any more. */
  #error: Error | undefined;
  /** Those that wait, in the order they asked. */
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  /** Whether the system has it, and tells what went wrong. */
  static readonly isServed = process.platform === "linux" && isNewEnough(release());

  constructor() {
    const url = URL.createObjectURL(new Blob([PROGRAM], { type: "application/javascript" }));
    this.#worker = new Worker(url);
    this.#worker.unref();
    this.#worker.addEventListener("message", ({ data: errno }: MessageEvent<number>) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (errno === 0) resolve();
      else reject(systemError(errno, "syncfs"));
    });
    this.#worker.addEventListener("error", ({ message }) => {
      this.#error = new Error(message);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#error);
    });
  }

  /**
   * Puts all of a file system on disk.
   * @param fd of anything on it, open for reading until the answer is there
   * @throws the system's error, also of what failed since `fd` was opened
   */
  sync(fd: number): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ resolve, reject });
    this.#worker.postMessage(fd, []);
    return promise;
  }
}

/** @param version as uname(2) tells it: "6.1.0-13-amd64" */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  return major > LEAST_KERNEL[0] || (major === LEAST_KERNEL[0] && minor >= LEAST_KERNEL[1]);
}
