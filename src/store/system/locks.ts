/**
 * Open files that are ours alone, by flock(2): the kernel lets go when the descriptor is closed, so also
 * when the process dies, however it dies. Some file systems have no such locks (a network file system
 * without its lock service, many of FUSE): there this process knows what it holds itself, and nothing
 * of others. One process has to serve such a library.
 */
import { descriptorFacts } from "./descriptor.ts";
import { lockExclusively } from "./posix.ts";

/** Files that this process holds, and the kernel knows nothing of. */
const held = new Set<string>();

export class Lock {
  /** Of one that the kernel does not hold for us. */
  readonly #key: string | undefined;

  private constructor(key?: string) {
    this.#key = key;
  }

  /** @returns undefined while somebody else holds the file */
  static take(fd: number): Lock | undefined {
    const answer = lockExclusively(fd);
    if (answer === "held") return undefined;
    if (answer === "ours") return new Lock();
    const { device, inodeHigh, inodeLow } = descriptorFacts(fd);
    const key = `${device}:${inodeHigh}:${inodeLow}`;
    if (held.has(key)) return undefined;
    held.add(key);
    return new Lock(key);
  }

  /** Whether other processes see it, too. */
  get isSeen(): boolean {
    return this.#key === undefined;
  }

  /** The descriptor is about to be closed: that ends a lock of the kernel. */
  release(): void {
    if (this.#key !== undefined) held.delete(this.#key);
  }
}
