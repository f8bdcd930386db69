/**
 * The journal of receipts: a client that lost its connection before the receipt arrived can ask again.
 * `.leat/receipts` in the library has a file for some hours each, to which every process that serves the
 * library appends. It outlives the process; it is not synced, so a power cut may destroy the last records.
 *
 * Before a file is published its intent is recorded; a second record says that the commit happened, or
 * that it did not. Each names its try, so that no try is taken for another. Where the second record is
 * missing, the library itself shows whether the file was published.
 */
import { closeSync, constants, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { JOURNAL_READS, RECEIPT_RETENTION, RECEIPT_SPANS, RETRY_AFTER } from "../../limits.ts";
import { nextTurn } from "../../next-turn.ts";
import type { Folder } from "../resolve/folder.ts";
import { clearDeadStores, isAlive, LiveStore } from "./live-stores.ts";
import { isRemoved } from "../resolve/private-folder.ts";
import { ReceiptIndex, INDEX_FOLDER } from "./receipt-index.ts";
import {
  type CommitRecord,
  type Intent,
  encodeIntent,
  markPublished,
  decodeRecords,
  markVoid,
} from "./receipt-record.ts";
import { ServedTime } from "./served-time.ts";
import { explain, ignoreErrors, tolerate } from "../system/system-error.ts";
import { FIRST_TRY, type Kept, Tries } from "./tries.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

const SPAN_NAME = /^\d{1,12}$/;

/** Withdrawn intents that are remembered while the disk is full. */
const MAX_UNWRITTEN = 256;

export class Receipts implements Disposable {
  readonly #folder: Folder;
  readonly #onKept: ((kept: Kept) => void) | undefined;
  /** Both are made for the first record: the journal can be read while the disk is full. */
  #store: LiveStore | undefined;
  #tries: Tries | undefined;
  readonly #index: ReceiptIndex;
  readonly #time: ServedTime;
  #attempts = 0;
  /** To be written with others of this turn of the event loop. */
  #confirmed: Buffer[] = [];
  /** Withdrawn ones that did not fit on the disk; they are written before the next record. */
  #unwritten: Buffer[] = [];
  #open: { readonly span: number; readonly fd: number } | undefined;
  /** The last call of `find`: they run one after another. */
  #lastFind: Promise<unknown> = Promise.resolve();
  #finds = 0;

  /**
   * @param folder closed when this is disposed
   * @param retention milliseconds that a receipt is kept
   * @param onKept called for each partial that is kept, by any process
   */
  constructor(folder: Folder, retention = RECEIPT_RETENTION, onKept?: (kept: Kept) => void) {
    this.#folder = folder;
    this.#index = new ReceiptIndex(folder);
    this.#onKept = onKept;
    this.#time = new ServedTime(folder, retention, (isOver) => this.#onStep(isOver));
  }

  /** The uploads that are tried again, by all processes. @throws NO_SPACE, IO_ERROR, … */
  get tries(): Tries {
    this.#tries ??= explain(
      "cannot read the list of uploads that are tried again",
      () => new Tries(this.#folder, this.#onKept),
    );
    return this.#tries;
  }

  /** How many tries are known of, without reading more. */
  get triesSeen(): number {
    return this.#tries?.count ?? FIRST_TRY;
  }

  /** Records that a commit is about to happen. @returns the record @throws NO_SPACE, IO_ERROR */
  recordIntent(uploadId: Uint8Array, path: string, intent: Intent): Buffer {
    this.#attempts += 1;
    this.#store ??= explain("cannot record a receipt", () => new LiveStore(this.#folder));
    const writer = { store: this.#store.number, attempt: this.#attempts };
    const record = encodeIntent(uploadId, path, intent, writer);
    this.#append(record);
    return record;
  }

  /**
   * The commit did happen. It is recorded with others of this turn of the event loop: until then the file
   * of that name shows the same.
   */
  confirm(intent: Buffer): void {
    if (this.#confirmed.push(intent) === 1) nextTurn(() => this.#writeConfirmed());
  }

  /** The commit did not happen, and will not. @throws NO_SPACE, IO_ERROR */
  withdraw(intent: Buffer): void {
    this.#confirmed = this.#confirmed.filter((other) => other !== intent);
    const record = markVoid(intent);
    try {
      this.#append(record);
    } catch (error) {
      // Without it other processes wait for this commit as long as this store is alive.
      if (this.#unwritten.length < MAX_UNWRITTEN) this.#unwritten.push(record);
      throw error;
    }
  }

  /**
   * Finds the tries of an upload whose commit happened, or may have happened.
   * @throws CANCELLED when it is over; RESOURCE_EXHAUSTED, IO_ERROR, …
   */
  find(uploadId: Uint8Array, path: string, isOver: () => boolean): Promise<CommitRecord[]> {
    if (this.#finds >= JOURNAL_READS) {
      const message = "too many uploads are looked for in the journal of receipts";
      throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
    }
    this.#finds += 1;
    this.#writeConfirmed();
    const found = this.#lastFind.then(() => this.#find(uploadId, path, isOver));
    const done = (): void => void (this.#finds -= 1);
    this.#lastFind = found.then(done, done);
    return found;
  }

  /** Whether another store may still do what it intended; ours does it in the same turn. */
  isAlive({ store }: CommitRecord): boolean {
    return store !== this.#store?.number && isAlive(this.#folder, store);
  }

  /** Whether the folder was removed. */
  get isRemoved(): boolean {
    return isRemoved(this.#folder);
  }

  [Symbol.dispose](): void {
    this.#time[Symbol.dispose]();
    this.#writeConfirmed();
    this.#close();
    this.#tries?.[Symbol.dispose]();
    this.#store?.[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }

  #writeConfirmed(): void {
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    if (confirmed.length === 0) return;
    // After an error the intents remain, and the files of that name.
    ignoreErrors(() => this.#append(...confirmed.map(markPublished)));
  }

  #append(...records: readonly Buffer[]): void {
    const all = this.#unwritten.length === 0 ? records : [...this.#unwritten, ...records];
    const bytes = all.length === 1 ? all[0]! : Buffer.concat(all);
    const written = explain("cannot record a receipt", () => writeSync(this.#current(), bytes));
    if (written !== bytes.length) throw new LeatError("NO_SPACE", "no space is left for a receipt");
    if (this.#unwritten.length > 0) this.#unwritten = [];
  }

  /** The descriptor of the newest file of the journal. */
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

  /** @param isOver a new file of the journal is due */
  #onStep(isOver: boolean): void {
    if (isOver) this.#begin((this.#spans()[0] ?? 0) + 1);
    // Another process may have begun the next one.
    if (this.#open !== undefined && this.#open.span !== this.#spans()[0]) this.#close();
  }

  /** Begins a file of the journal, and removes those that are older than receipts are kept. */
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
    const records: Buffer[] = [];
    try {
      for (const span of this.#spans()) {
        records.push(...(await this.#index.find(String(span), { id, isOver })));
      }
    } catch (error) {
      throw LeatError.from(error, "cannot look for a receipt");
    }
    return decodeRecords(records, id, path);
  }
}

function readNames(path: string): string[] {
  return tolerate("ENOENT", () => readdirSync(path)) ?? [];
}

/** Another process may have removed it. */
function remove(path: string): void {
  tolerate("ENOENT", () => unlinkSync(path));
}
