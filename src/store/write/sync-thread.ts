/**
 * syncfs(2) on a thread of its own: one call puts dozens of files on disk, where an fsync for each waits
 * for the disk each time. node:fs lacks the call, and on the event loop it would block everything else.
 */
import { LIBC_NAMES } from "../../libc.ts";
import { systemError } from "../system/kernel.ts";

/** Older kernels did not report write errors by this call (syncfs(2), "BUGS"). */
const LEAST_KERNEL = [5, 8] as const;

/** The program of the thread: a string, so that bundlers carry it along. */
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
  /** Why the thread has ended. */
  #error: Error | undefined;
  /** Calls that are not answered yet, in their order. */
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  static #isSupported: boolean | undefined;

  /** Whether the system has the call, and reports errors by it. Looked up once, and not when a command starts. */
  static get isSupported(): boolean {
    const release = (): string => process.getBuiltinModule("node:os").release();
    return (SyncThread.#isSupported ??= process.platform === "linux" && isNewEnough(release()));
  }

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
   * Puts everything on a file system on disk.
   * @param fd of anything on it, open for reading until it is done
   * @throws the system's error, also one of a write that failed since `fd` was opened
   */
  sync(fd: number): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ resolve, reject });
    this.#worker.postMessage(fd, []);
    return promise;
  }
}

/** @param version of the kernel, as of uname(2): "6.1.0-13-amd64" */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  return major > LEAST_KERNEL[0] || (major === LEAST_KERNEL[0] && minor >= LEAST_KERNEL[1]);
}
