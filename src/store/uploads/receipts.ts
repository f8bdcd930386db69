/**
 * The journal of commits: what an upload was answered with, noted before its name appears, so that a
 * client whose connection went before the receipt came can ask again. `.leat/receipts` in the library,
 * a file for some hours, appended by every process that serves it. It outlives the process; it is not
 * synced, so a power cut may take the last notes with it.
 *
 * A note says that a try was about to commit, another one that it did, or did not. Each names its try, so
 * that no try speaks of another one. Where the second is missing, the file system tells.
 */
import { closeSync, constants, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { JOURNAL_READS, RECEIPT_RETENTION, RECEIPT_SPANS, RETRY_AFTER } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { clearDeadStores, isAlive, LiveStore } from "./live-stores.ts";
import { isGone } from "./partials.ts";
import { ReceiptIndex, INDEX_FOLDER } from "./receipt-index.ts";
import {
  type CommitRecord,
  encodeIntent,
  markPublished,
  summarizeRecords,
  markVoid,
} from "./receipt-record.ts";
import { ServedTime } from "./served-time.ts";
import type { CommitDigest, DurabilityLevel, NotDone } from "../store.ts";
import { isSystemError } from "../system/system-error.ts";
import { FIRST_TRY, type Kept, Tries } from "./tries.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

const SPAN_NAME = /^\d{1,12}$/;

/** Withdrawn notes that are kept while the disk is full. */
const UNSAID = 256;

/** A file that is about to get its name. */
export interface Intent extends CommitDigest {
  readonly durability: DurabilityLevel;
  readonly notDone?: NotDone | undefined;
  readonly facts: CommitRecord["facts"];
}

export class Receipts implements Disposable {
  readonly #folder: Folder;
  readonly #onKept: ((kept: Kept) => void) | undefined;
  /** Both are made when something is noted: to look, a disk need not have room for them. */
  #maker: LiveStore | undefined;
  #tries: Tries | undefined;
  readonly #index: ReceiptIndex;
  readonly #time: ServedTime;
  #attempts = 0;
  #confirmed: Buffer[] = [];
  /** Withdrawn ones that could not be noted, for the disk was full; they come along with the next. */
  #unsaid: Buffer[] = [];
  #open: { readonly span: number; readonly fd: number } | undefined;
  /** One look at a time. */
  #looking: Promise<unknown> = Promise.resolve();
  #looks = 0;

  /**
   * @param folder ours from now on
   * @param retention milliseconds that a receipt is kept
   * @param onKept told of each partial that is kept, by any process
   */
  constructor(folder: Folder, retention = RECEIPT_RETENTION, onKept?: (kept: Kept) => void) {
    this.#folder = folder;
    this.#index = new ReceiptIndex(folder);
    this.#onKept = onKept;
    this.#time = new ServedTime(folder, retention, (isOver) => this.#onStep(isOver));
  }

  /** Which uploads are tried again, here and in other processes. @throws NO_SPACE, IO_ERROR, … */
  get tries(): Tries {
    try {
      this.#tries ??= new Tries(this.#folder, this.#onKept);
      return this.#tries;
    } catch (error) {
      throw LeatError.from(error, "cannot read the list of uploads that are tried again");
    }
  }

  /** How many tries are known of, without a look for more. */
  get triesSeen(): number {
    return this.#tries?.count ?? FIRST_TRY;
  }

  /** A commit is about to happen. @returns what was noted @throws NO_SPACE, IO_ERROR */
  recordIntent(uploadId: Uint8Array, path: string, promised: Intent): Buffer {
    this.#attempts += 1;
    this.#maker ??= makerIn(this.#folder);
    const init = { ...promised, maker: this.#maker.number, attempt: this.#attempts };
    const note = encodeIntent(uploadId, path, init);
    this.#append(note);
    return note;
  }

  /**
   * It did happen. Noted with others of this turn of the event loop: until then what has the name
   * tells the same.
   * @param promise that was noted before
   */
  confirm(promise: Buffer): void {
    if (this.#confirmed.push(promise) === 1) setImmediate(() => this.#noteConfirmed());
  }

  /** It did not happen, and will not. @param promise that was noted before */
  withdraw(promise: Buffer): void {
    this.#confirmed = this.#confirmed.filter((other) => other !== promise);
    const called = markVoid(promise);
    try {
      this.#append(called);
    } catch (error) {
      // Others would wait for us as long as we live.
      if (this.#unsaid.length < UNSAID) this.#unsaid.push(called);
      throw error;
    }
  }

  /**
   * The notes of the tries of an upload that were about to commit it, those left out that failed.
   * @throws CANCELLED when it is over; RESOURCE_EXHAUSTED, IO_ERROR, …
   */
  find(uploadId: Uint8Array, path: string, isOver: () => boolean): Promise<CommitRecord[]> {
    if (this.#looks >= JOURNAL_READS) {
      const message = "too many uploads are looked for in the journal of receipts";
      throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
    }
    this.#looks += 1;
    this.#noteConfirmed();
    const looking = this.#looking.then(() => this.#find(uploadId, path, isOver));
    const done = (): void => void (this.#looks -= 1);
    this.#looking = looking.then(done, done);
    return looking;
  }

  /** Whether another store may still do what it noted; what ours does is done at once. */
  isAlive({ maker }: CommitRecord): boolean {
    return maker !== this.#maker?.number && isAlive(this.#folder, maker);
  }

  /** Whether somebody removed the folder. */
  get isGone(): boolean {
    return isGone(this.#folder);
  }

  [Symbol.dispose](): void {
    this.#time[Symbol.dispose]();
    this.#noteConfirmed();
    this.#close();
    this.#tries?.[Symbol.dispose]();
    this.#maker?.[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }

  #noteConfirmed(): void {
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    if (confirmed.length === 0) return;
    try {
      this.#append(...confirmed.map(markPublished));
    } catch {
      // The notes from before stand.
    }
  }

  #append(...notes: readonly Buffer[]): void {
    const all = this.#unsaid.length === 0 ? notes : [...this.#unsaid, ...notes];
    const bytes = all.length === 1 ? all[0]! : Buffer.concat(all);
    try {
      const written = writeSync(this.#current(), bytes);
      if (written !== bytes.length)
        throw new LeatError("NO_SPACE", "no space is left for a receipt");
      if (this.#unsaid.length > 0) this.#unsaid = [];
    } catch (error) {
      throw LeatError.from(error, "cannot note a receipt");
    }
  }

  #current(): number {
    if (this.#open !== undefined) return this.#open.fd;
    const span = this.#spans()[0] ?? 1;
    const path = this.#folder.pathOf(String(span));
    this.#open = { span, fd: openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600) };
    return this.#open.fd;
  }

  #close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** @param isOver the newest file has been served as long as one is */
  #onStep(isOver: boolean): void {
    if (isOver) this.#begin((this.#spans()[0] ?? 0) + 1);
    // Another process may have begun the next one.
    if (this.#open !== undefined && this.#open.span !== this.#spans()[0]) this.#close();
  }

  /** Begins a file of the journal, and removes those that are older than a receipt is kept. */
  #begin(span: number): void {
    const flags = O_WRONLY | O_CREAT | O_NOFOLLOW;
    closeSync(openSync(this.#folder.pathOf(String(span)), flags, 0o600));
    const isOld = (name: string): boolean => Number.parseInt(name, 10) < span - RECEIPT_SPANS;
    for (const old of this.#spans().filter((number) => isOld(String(number)))) {
      remove(this.#folder.pathOf(String(old)));
    }
    for (const name of readNames(this.#folder.pathOf(INDEX_FOLDER)).filter(isOld)) {
      remove(this.#folder.pathOf(`${INDEX_FOLDER}/${name}`));
    }
    clearDeadStores(this.#folder);
  }

  /** The files of the journal, the newest first. */
  #spans(): number[] {
    const names = readNames(this.#folder.path).filter((name) => SPAN_NAME.test(name));
    return names.map(Number).toSorted((a, b) => b - a);
  }

  async #find(id: Uint8Array, path: string, isOver: () => boolean): Promise<CommitRecord[]> {
    const notes: Buffer[] = [];
    try {
      for (const span of this.#spans()) {
        notes.push(...(await this.#index.find(String(span), { id, isOver })));
      }
    } catch (error) {
      throw LeatError.from(error, "cannot look for a receipt");
    }
    return summarizeRecords(notes, id, path);
  }
}

function makerIn(folder: Folder): LiveStore {
  try {
    return new LiveStore(folder);
  } catch (error) {
    throw LeatError.from(error, "cannot note a receipt");
  }
}

function readNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

/** Another process may have removed it. */
function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}
