/**
 * Locks of open files, by flock(2). The kernel releases a lock when the descriptor is closed, so also when
 * the process dies, however it dies. Some file systems have no such locks (a network file system without
 * its lock service, many of FUSE): there this process knows its own locks only, and a single process has
 * to serve such a library.
 */
import { descriptorFacts } from "./descriptor.ts";
import { identityOf } from "./facts.ts";
import { lockExclusively } from "./posix.ts";

/** Files that this process holds where the kernel has no locks. */
const held = new Set<string>();

export class Lock implements Disposable {
  /** Of a lock that is known to this process only. */
  readonly #key: string | undefined;

  private constructor(key?: string) {
    this.#key = key;
  }

  /** @returns undefined while the file is locked */
  static take(fd: number): Lock | undefined {
    const answer = lockExclusively(fd);
    if (answer === "held") return undefined;
    if (answer === "ours") return new Lock();
    const key = identityOf(descriptorFacts(fd));
    if (held.has(key)) return undefined;
    held.add(key);
    return new Lock(key);
  }

  /** Whether the lock holds against other processes. */
  get isShared(): boolean {
    return this.#key === undefined;
  }

  /** Called before the descriptor is closed, which releases a lock of the kernel. */
  [Symbol.dispose](): void {
    if (this.#key !== undefined) held.delete(this.#key);
  }
}
