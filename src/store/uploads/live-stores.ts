/**
 * Which stores are alive: each that notes commits has a file `maker.<number>` beside the journal, held
 * by its lock as long as it lives, however it ends. Nobody finishes a commit that a dead one had begun.
 */
import { closeSync, constants, openSync, readdirSync, unlinkSync } from "node:fs";
import { randomBytes } from "../../hash.ts";
import { type Folder, isNamed } from "../resolve/folder.ts";
import { Descriptor } from "../system/descriptor.ts";
import { Lock } from "../system/locks.ts";
import { isSystemError } from "../system/system-error.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

const NAME = /^maker\.([0-9a-f]{8})$/;

/** How often another number is drawn: somebody may have that one, or clear it away unlocked. */
const TRIES = 32;

export class LiveStore implements Disposable {
  readonly #folder: Folder;
  readonly #file: Descriptor;
  readonly #lock: Lock;
  /** Above 0, below 2 ** 32. */
  readonly number: number;

  /** @param folder stays the caller's @throws the system's error */
  constructor(folder: Folder) {
    this.#folder = folder;
    for (let left = TRIES; ; left -= 1) {
      const number = Buffer.from(randomBytes(4)).readUInt32LE(0) || 1;
      const made = make(folder, number);
      if (made !== undefined) {
        this.number = number;
        this.#file = new Descriptor(made.fd);
        this.#lock = made.lock;
        return;
      }
      if (left === 0) throw new Error("no number is free for a store that notes receipts");
    }
  }

  [Symbol.dispose](): void {
    try {
      if (this.#file.fd !== -1) unlinkSync(this.#folder.pathOf(nameOf(this.number)));
    } catch {
      // The folder has been cleared away, or the next one clears it.
    }
    this.#lock.release();
    this.#file[Symbol.dispose]();
  }
}

/** Whether a store may still do what it noted. */
export function isAlive(folder: Folder, maker: number): boolean {
  return maker !== 0 && isHeld(folder, nameOf(maker));
}

/** Removes what stores have left that were killed. */
export function clearDeadStores(folder: Folder): void {
  for (const name of readdirSync(folder.path)) if (NAME.test(name)) isHeld(folder, name);
}

function nameOf(maker: number): string {
  return `maker.${maker.toString(16).padStart(8, "0")}`;
}

/** @returns undefined when the number is another's */
function make(folder: Folder, number: number): { fd: number; lock: Lock } | undefined {
  const name = nameOf(number);
  let fd: number;
  try {
    fd = openSync(folder.pathOf(name), O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return undefined;
    throw error;
  }
  // In the moment without a lock somebody may have cleared it away.
  const lock = Lock.take(fd);
  if (lock !== undefined && isNamed(fd, folder, name)) return { fd, lock };
  lock?.release();
  closeSync(fd);
  return undefined;
}

/** One that nobody holds is removed. */
function isHeld(folder: Folder, name: string): boolean {
  let fd: number;
  try {
    fd = openSync(folder.pathOf(name), O_RDWR | O_NOFOLLOW);
  } catch (error) {
    // None is there; any other error says nothing of its holder.
    return !isSystemError(error, "ENOENT");
  }
  let lock: Lock | undefined;
  try {
    lock = Lock.take(fd);
    if (lock === undefined) return true;
    if (isNamed(fd, folder, name)) unlinkSync(folder.pathOf(name));
    return false;
  } catch {
    return false; // it stays until the next look
  } finally {
    lock?.release();
    closeSync(fd);
  }
}
