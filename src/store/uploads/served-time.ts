/**
 * Measures how long a library has been served since a file of the journal was begun, over all processes
 * and restarts: for each step a byte is appended to `age`. A wall clock may be set two days ahead and back;
 * this one only goes forward, and stands still while no server runs.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { RECEIPT_SPANS, RECEIPT_STEPS } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { Lock } from "../system/locks.ts";
import { ignoreErrors } from "../system/system-error.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

const NAME = "age";

export class ServedTime implements Disposable {
  readonly #folder: Folder;
  readonly #onStep: (isOver: boolean) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Of the one process that measures. */
  #held: { readonly fd: number; readonly lock: Lock } | undefined;

  /**
   * @param folder stays the caller's
   * @param retention milliseconds that a receipt is kept
   * @param onStep called after each step; `isOver`: the newest file has been served for its share of them
   */
  constructor(folder: Folder, retention: number, onStep: (isOver: boolean) => void) {
    this.#folder = folder;
    this.#onStep = onStep;
    this.#timer = setInterval(() => this.#step(), retention / RECEIPT_STEPS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#held?.lock[Symbol.dispose]();
    if (this.#held !== undefined) closeSync(this.#held.fd);
    this.#held = undefined;
  }

  #step(): void {
    // After an error receipts are only kept for longer.
    ignoreErrors(() => this.#onStep(this.#measure()));
  }

  #measure(): boolean {
    const fd = this.#lockedFile();
    if (fd === undefined) return false;
    writeSync(fd, "+");
    if (fstatSync(fd).size < RECEIPT_STEPS / RECEIPT_SPANS) return false;
    ftruncateSync(fd, 0);
    return true;
  }

  /** @returns undefined while another process measures */
  #lockedFile(): number | undefined {
    if (this.#held !== undefined) return this.#held.fd;
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW;
    const fd = openSync(this.#folder.pathOf(NAME), flags, 0o600);
    const lock = Lock.take(fd);
    if (lock === undefined) closeSync(fd);
    else this.#held = { fd, lock };
    return lock && fd;
  }
}
