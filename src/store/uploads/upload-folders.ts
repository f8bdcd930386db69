/**
 * The folders of a library's uploads: partial files and receipts. Each is opened or made when it is first
 * needed, and made anew when it was removed. Old partial files are removed now and then, also
 * those of other processes: one that serves a single client may soon end.
 */
import { PARTIAL_RETENTION, SWEEP_EVERY } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Library } from "../resolve/library.ts";
import { KEPT_BOUNDS, type KeptBounds } from "./kept-partials.ts";
import { sweepUsers } from "./absent-users.ts";
import { Partials } from "./partials.ts";
import { ignoreErrors } from "../system/system-error.ts";
import { findPrivateFolder, makePrivateFolder } from "../resolve/private-folder.ts";
import { Receipts } from "./receipts.ts";
import { FIRST_TRY, type Kept } from "./tries.ts";

export interface UploadFolderOptions {
  /** Milliseconds that an abandoned partial file is kept; PARTIAL_RETENTION. */
  readonly partialRetention?: number | undefined;
  /** Milliseconds that a receipt is kept; RECEIPT_RETENTION. */
  readonly receiptRetention?: number | undefined;
  /** Those of src/limits.ts unless given. */
  readonly kept?: Partial<KeptBounds> | undefined;
  /** Milliseconds since 1970; for tests. */
  readonly now?: (() => number) | undefined;
}

const RECEIPT_FOLDER = "receipts";

/** Milliseconds since 1970, by a clock that is not set while the process runs. */
const steadyNow = (): number => performance.timeOrigin + performance.now();

export class UploadFolders implements Disposable {
  readonly #library: Library;
  readonly #options: UploadFolderOptions;
  readonly #bounds: KeptBounds;
  readonly #timer: ReturnType<typeof setInterval>;
  #partials: Partials | undefined;
  #receipts: Receipts | undefined;
  /** Whether it was checked in this turn of the event loop that the folder of receipts still exists. */
  #isChecked = false;

  constructor(library: Library, options: UploadFolderOptions) {
    this.#library = library;
    this.#options = options;
    this.#bounds = { ...KEPT_BOUNDS, ...options.kept };
    this.#sweep();
    this.#sweepUsers();
    const every = Math.min(SWEEP_EVERY, options.partialRetention ?? PARTIAL_RETENTION);
    this.#timer = setInterval(() => this.#maintain(), every);
    this.#timer.unref();
  }

  /** @throws PERMISSION_DENIED, READ_ONLY, … */
  get partials(): Partials {
    this.#partials ??= Partials.make(this.#library, this.#bounds);
    return this.#partials;
  }

  /** Does work in the folder of partial files; once more, when the folder had been removed. */
  inPartials<Result>(work: (partials: Partials) => Result): Result {
    const { partials } = this;
    try {
      return work(partials);
    } catch (error) {
      if (!partials.isRemoved) throw error;
    }
    // The receipts may have been removed as well. If not, they stay open: a reader may be at work.
    this.#isChecked = false;
    partials[Symbol.dispose]();
    this.#partials = undefined; // to be made by the next upload, if it can't be made now
    return work(this.partials);
  }

  /** @throws PERMISSION_DENIED, READ_ONLY, … */
  get receipts(): Receipts {
    if (!this.#isChecked) this.#checkReceipts();
    this.#receipts ??= this.#receiptsIn(makePrivateFolder(this.#library, RECEIPT_FOLDER));
    return this.#receipts;
  }

  /** How many tries are known of, without reading more. */
  get triesSeen(): number {
    return this.#receipts?.triesSeen ?? FIRST_TRY;
  }

  /** A partial file stays for another try; other processes count it, too. */
  keep(kept: Kept): void {
    try {
      this.receipts.tries.noteKept(kept);
    } catch {
      // The upload can be continued all the same.
      this.#partials?.kept.note(kept);
    }
    this.#partials?.kept.trim(kept.name);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#partials?.[Symbol.dispose]();
    this.#receipts?.[Symbol.dispose]();
  }

  #receiptsIn(folder: Folder): Receipts {
    const { receiptRetention } = this.#options;
    return new Receipts(folder, receiptRetention, (kept) => this.#partials?.kept.note(kept));
  }

  /** Closes the receipts when their folder has been removed. */
  #checkReceipts(): void {
    this.#isChecked = true;
    setImmediate(() => (this.#isChecked = false));
    if (this.#receipts?.isRemoved !== true) return;
    this.#receipts[Symbol.dispose]();
    this.#receipts = undefined;
  }

  #maintain(): void {
    void this.#findPartials()?.sweepLater(this.#dueBefore());
    this.#sweepUsers();
    this.#findReceipts();
  }

  /** Partial files that were last changed before this are due, in milliseconds since 1970. */
  #dueBefore(): number {
    const { partialRetention = PARTIAL_RETENTION, now = steadyNow } = this.#options;
    return now() - partialRetention;
  }

  #sweep(): void {
    // A library that cannot be swept can be read. An upload will report the error.
    ignoreErrors(() => void this.#findPartials()?.sweep(this.#dueBefore()));
  }

  /** The library is served for users, too, or was: those who are absent remove nothing. */
  #sweepUsers(): void {
    if (this.#library.isWhole) void sweepUsers(this.#library, this.#bounds, this.#dueBefore());
  }

  #findPartials(): Partials | undefined {
    // As in #sweep.
    ignoreErrors(() => (this.#partials ??= Partials.find(this.#library, this.#bounds)));
    return this.#partials;
  }

  /** Opens the journal: while it is open, its age is measured, and old receipts are removed. */
  #findReceipts(): void {
    try {
      if (!this.#isChecked) this.#checkReceipts();
      if (this.#receipts !== undefined) return;
      const folder = findPrivateFolder(this.#library, RECEIPT_FOLDER);
      this.#receipts = folder && this.#receiptsIn(folder);
    } catch {
      // As in #sweep.
    }
  }
}
