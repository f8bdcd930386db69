/**
 * Which stores are alive: each that records intents has a file `maker.<number>` beside the journal, and holds
 * its lock until it ends, however it ends. An intent of a dead store is not carried out any more.
 */
import { constants, openSync, readdirSync, unlinkSync } from "node:fs";
import { randomBytes } from "../../hash.ts";
import { type Folder, isNamed } from "../resolve/folder.ts";
import { Descriptor } from "../system/descriptor.ts";
import { Lock } from "../system/locks.ts";
import { ignoreErrors, isSystemError, tolerate } from "../system/system-error.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

const NAME = /^maker\.([0-9a-f]{8})$/;

/** Numbers that are tried: one may be another store's, or its file may be removed before it is locked. */
const TRIES = 32;

export class LiveStore implements Disposable {
  readonly #folder: Folder;
  readonly #file: Descriptor;
  readonly #lock: Lock;
  /** 1 to 2^32 - 1, drawn at random. */
  readonly number: number;

  /** @param folder stays the caller's @throws the system's error */
  constructor(folder: Folder) {
    this.#folder = folder;
    for (let left = TRIES; ; left -= 1) {
      const number = Buffer.from(randomBytes(4)).readUInt32LE(0) || 1;
      const made = make(folder, number);
      if (made !== undefined) {
        this.number = number;
        ({ file: this.#file, lock: this.#lock } = made);
        return;
      }
      if (left === 0) throw new Error("no number is free for a store that records receipts");
    }
  }

  [Symbol.dispose](): void {
    using _file = this.#file;
    using _lock = this.#lock;
    if (this.#file.fd === -1) return;
    // The folder may have been removed, or another store removes the file.
    ignoreErrors(() => unlinkSync(this.#folder.pathOf(nameOf(this.number))));
  }
}

/** Whether a store may still do what it intended. */
export function isAlive(folder: Folder, store: number): boolean {
  return store !== 0 && isHeld(folder, nameOf(store));
}

/** Removes the files of stores that were killed. */
export function clearDeadStores(folder: Folder): void {
  for (const name of readdirSync(folder.path)) if (NAME.test(name)) isHeld(folder, name);
}

function nameOf(store: number): string {
  return `maker.${store.toString(16).padStart(8, "0")}`;
}

/** @returns undefined when the number is another store's */
function make(folder: Folder, number: number): { file: Descriptor; lock: Lock } | undefined {
  const name = nameOf(number);
  const flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR;
  const fd = tolerate("EEXIST", () => openSync(folder.pathOf(name), flags, 0o600));
  if (fd === undefined) return undefined;
  using opened = new DisposableStack();
  const file = opened.use(new Descriptor(fd));
  const lock = opened.use(Lock.take(fd));
  // Another store may have removed the file before it was locked.
  if (lock === undefined || !isNamed(fd, folder, name)) return undefined;
  opened.move();
  return { file, lock };
}

/** Whether a store holds this file. If not, it is removed. */
function isHeld(folder: Folder, name: string): boolean {
  let fd: number;
  try {
    fd = openSync(folder.pathOf(name), O_RDWR | O_NOFOLLOW);
  } catch (error) {
    // After any other error the store may be alive.
    return !isSystemError(error, "ENOENT");
  }
  using _file = new Descriptor(fd);
  try {
    using lock = Lock.take(fd);
    if (lock === undefined) return true;
    if (isNamed(fd, folder, name)) unlinkSync(folder.pathOf(name));
  } catch {
    // The file stays until the next check.
  }
  return false;
}
