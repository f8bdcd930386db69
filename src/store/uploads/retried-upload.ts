/**
 * An upload that is tried again: it is answered with its receipt, or continued, or begun anew.
 *
 * First the try is announced to all processes: from then on an older try without a lock gives up before
 * its file is published. Then it locks its partial, and only then it reads the journal: so what it finds
 * does not change. While an older try holds the lock, or is about to commit, it waits for a moment; then
 * its client is asked to come back later. It never begins anew beside an older try.
 */
import { LeatError } from "../../errors.ts";
import { BLOCK_SIZE, HELD_WAIT } from "../../limits.ts";
import type { Skipped } from "../write/collision.ts";
import { DiskSink } from "../write/disk-sink.ts";
import { versionedEntry } from "../system/entry.ts";
import { type Facts, sameModified, sameThing } from "../system/facts.ts";
import { quote } from "../names.ts";
import { partialMode } from "../write/new-mode.ts";
import { abandon, type PartialFile } from "../write/partial.ts";
import type { Owned } from "./partials.ts";
import { type CommitRecord, keyOf } from "./receipt-record.ts";
import { isDirectory, stillRunning, takenOver } from "../system/refusals.ts";
import type { Committed, CreateOptions, Resumed } from "../store.ts";
import { sumPartial } from "../write/sum-partial.ts";
import { syncFolder } from "../write/sync-folder.ts";
import { partialName, targetOf, uploadIdOf } from "./partial-name.ts";
import type { Uploads } from "./uploads.ts";

/** The partial of a retried upload, locked. */
export interface RetriedPartial {
  readonly partial: PartialFile;
  /** The id of the first try. */
  readonly uploadId: Uint8Array;
  /** The number of this try. */
  readonly number: number;
  readonly resumed?: Resumed | undefined;
}

export type Created = DiskSink | Skipped | { readonly committed: Committed };

/** Milliseconds between two attempts, twice as long each time. */
const PAUSE = { least: 2, most: 50 } as const;

/** "running": a try is about to commit; "unknown": one was, and it is not known whether it did. */
type Outcome = Committed | "running" | "unknown" | undefined;

export class RetriedUpload {
  readonly #uploads: Uploads;
  readonly #path: string;
  readonly #options: CreateOptions;
  readonly #key: string;
  #number = 0;

  constructor(uploads: Uploads, path: string, options: CreateOptions) {
    this.#uploads = uploads;
    this.#path = path;
    this.#options = options;
    this.#key = keyOf(options.uploadId, path);
  }

  /** @throws UNAVAILABLE while an older try holds it, or when a newer one has come; as `Store.create` */
  async run(): Promise<Created> {
    const { uploadId } = this.#options;
    try {
      this.#number = this.#announce(this.#options.uploadId);
    } catch (refusal) {
      // The disk is full, perhaps with this very upload: its receipt can be read all the same.
      const outcome = await this.#outcome();
      if (typeof outcome === "object") return { committed: outcome };
      throw refusal;
    }
    const until = performance.now() + HELD_WAIT;
    for (let pause: number = PAUSE.least; ; pause = Math.min(2 * pause, PAUSE.most)) {
      this.#mustGoOn();
      await this.#uploads.takeOver(this.#path, uploadId, this.#number);
      const created = await this.#attempt();
      if (created !== undefined) return created;
      if (performance.now() > until) throw stillRunning(this.#path);
      await Bun.sleep(pause);
    }
  }

  /** @returns undefined while an older try is not over */
  async #attempt(): Promise<Created | undefined> {
    const own = this.#lockOwn();
    let owned = own instanceof LeatError ? undefined : own;
    let outcome: Outcome;
    let created: Created | undefined;
    try {
      outcome = await this.#outcome();
      if (typeof outcome === "object") {
        if (owned !== undefined) owned = leftOf(owned);
        return { committed: outcome };
      }
      if (own instanceof LeatError) throw own;
      if (outcome === "running" || owned === undefined) return undefined;
      const other = await this.#lockOther(owned);
      if (other !== undefined) {
        letGo(owned);
        owned = other;
      }
      const retried = await this.#checked(owned);
      this.#mustGoOn();
      created = this.#uploads.begin(this.#path, this.#options, retried);
      return created;
    } catch (thrown) {
      const taken = thrown instanceof LeatError && thrown.code === "ALREADY_EXISTS";
      if (!taken || outcome !== "unknown") throw thrown;
      const message = `${quote(this.#path)} exists; it is not known whether this upload was committed before`;
      throw new LeatError("OUTCOME_UNKNOWN", message);
    } finally {
      // An upload that is skipped is not continued.
      if (created !== undefined && !(created instanceof DiskSink)) abandon(owned!.partial);
      else if (created === undefined && owned !== undefined) letGo(owned);
    }
  }

  /** @returns undefined while another try holds it; an error, which a receipt takes precedence over */
  #lockOwn(): Owned | LeatError | undefined {
    const name = partialName(this.#path, this.#options);
    const mode = partialMode(this.#options.mode);
    try {
      const { folder } = this.#uploads.library.placeNow(this.#path, isDirectory);
      return this.#uploads.folders.inPartials((partials) => partials.lock(name, folder, mode));
    } catch (thrown) {
      return LeatError.from(thrown, `cannot begin the upload of ${quote(this.#path)}`);
    }
  }

  /** The state of earlier tries, from the journal and the library. */
  async #outcome(): Promise<Outcome> {
    const { receipts } = this.#uploads.folders;
    const records = await receipts.find(this.#options.uploadId, this.#path, () => this.#isOver);
    if (records.length === 0) return undefined;
    const committed = await this.#committed(records);
    if (committed !== undefined) return committed;
    return records.some((record) => receipts.isAlive(record)) ? "running" : "unknown";
  }

  /** The receipt, where the file of that name is the one of a record, or a record says that it was. */
  async #committed(records: readonly CommitRecord[]): Promise<Committed | undefined> {
    const { library, versions } = this.#uploads;
    using place = library.place(this.#path, isDirectory);
    const facts = place.folder.stat(place.name);
    const current = facts && records.find((record) => isFileOf(record, facts));
    if (facts !== undefined && current !== undefined) {
      // The commit may have been interrupted before the name was on disk.
      const entry = versionedEntry(place.name, facts, versions);
      const isDone = current.durability === "none" || (await syncFolder(place.folder));
      if (isDone) return { ...current, entry };
      return { ...current, entry, durability: "none", notDone: { ...current.notDone, sync: true } };
    }
    const past = records.find(({ published }) => published);
    if (past === undefined) return undefined;
    const { size, modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds } = past.facts;
    const modified = { seconds, nanoseconds };
    return {
      ...past,
      entry: { name: place.name, kind: "FILE", size, modified, version: "" },
    };
  }

  /** Where nothing is left with this id: locks the partial of another upload of the same file. */
  async #lockOther({ isNew }: Owned): Promise<Owned | undefined> {
    const { resume, size } = this.#options;
    const { prefix } = resume ?? {};
    if (!isNew || prefix === undefined || size === undefined) return undefined;
    const target = targetOf(this.#path, this.#options);
    const own = partialName(this.#path, this.#options);
    // A client may have given up and come back at once: then the partial is just being closed.
    const until = performance.now() + HELD_WAIT;
    while (true) {
      const found = await this.#uploads.folders.inPartials((partials) =>
        partials.find(target, prefix, own, () => this.#isOver),
      );
      if (found !== "held") return found && { partial: found, isNew: false };
      if (performance.now() > until || this.#isOver) return undefined;
      await Bun.sleep(PAUSE.most);
    }
  }

  /** Cuts the partial to whole blocks and reads their CRC. */
  async #checked({ partial, isNew }: Owned): Promise<RetriedPartial> {
    const { size, resume, uploadId: own } = this.#options;
    if (isNew) return { partial, uploadId: own, number: this.#number };
    const uploadId = uploadIdOf(partial.name);
    const number = Buffer.compare(own, uploadId) === 0 ? this.#number : this.#announce(uploadId);
    const whole = partial.size - (partial.size % BLOCK_SIZE);
    const available = size !== undefined && partial.size >= size ? size : whole;
    const length = resume?.fresh === true ? 0 : available;
    try {
      const crc32 = await sumPartial(partial, length, () => this.#isOver);
      partial.rewind(length);
      return { partial, uploadId, number, resumed: { crc32, uploadId } };
    } catch (error) {
      throw LeatError.from(error, "cannot continue an upload");
    }
  }

  #announce(uploadId: Uint8Array): number {
    return this.#uploads.folders.receipts.tries.announce(keyOf(uploadId, this.#path));
  }

  get #isOver(): boolean {
    return this.#uploads.isClosing || this.#options.isOver?.() === true;
  }

  /** @throws UNAVAILABLE, CANCELLED */
  #mustGoOn(): void {
    if (this.#uploads.isClosing) throw new LeatError("UNAVAILABLE", "the library is being closed");
    if (this.#isOver) throw new LeatError("CANCELLED", "the upload was given up");
    const { tries } = this.#uploads.folders.receipts;
    tries.refresh();
    if (!tries.isNewest(this.#key, this.#number)) throw takenOver(this.#path);
  }
}

/** Whether a file is the one that was to be committed. */
function isFileOf({ facts: recorded }: CommitRecord, facts: Facts): boolean {
  return (
    sameThing(facts, recorded) && facts.size === recorded.size && sameModified(facts, recorded)
  );
}

function letGo({ partial, isNew }: Owned): void {
  if (isNew) abandon(partial);
  else partial.close();
}

/**
 * The partial of an upload that was committed is removed. One that is a second name of the file stays until
 * the sweep: removing it would change the ctime, and so the version, of the file.
 */
function leftOf({ partial }: Owned): Owned {
  return { partial, isNew: partial.facts().links === 1 };
}
