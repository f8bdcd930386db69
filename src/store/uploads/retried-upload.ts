/**
 * An upload that is tried again: answered with its receipt, or gone on with, or begun.
 *
 * First it says so to every process; from then on an older try that has no lock gives way before its name
 * appears. Then it takes the lock of its partial, and only then it looks at what is known of the upload:
 * so what it finds stays so. Where an older try holds the lock, or is about to commit, it waits a moment,
 * and then sends its client away for another one. It never begins anew beside an older try.
 */
import { LeatError } from "../../errors.ts";
import { BLOCK_SIZE, HELD_WAIT, RETRY_AFTER } from "../../limits.ts";
import { DiskSink, type Skipped } from "../write/disk-sink.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Versions } from "../system/versions.ts";
import { type Facts, sameThing } from "../system/facts.ts";
import type { Library } from "../resolve/library.ts";
import { quote } from "../names.ts";
import { partialMode } from "../write/new-mode.ts";
import { abandon, type PartialFile } from "../write/partial.ts";
import { type Owned, Partials } from "./partials.ts";
import { type CommitRecord, keyOf } from "./receipt-record.ts";
import type { Receipts } from "./receipts.ts";
import { isDirectory, takenOver } from "../system/refusals.ts";
import type { Committed, CreateOptions, Resumed } from "../store.ts";
import { syncFolder } from "../write/sync-folder.ts";
import { partialName, targetOf } from "./upload-name.ts";

/** The partial that is gone on with. */
export interface Begun {
  readonly partial: PartialFile;
  /** With which the upload was begun. */
  readonly uploadId: Uint8Array;
  /** Of this try, among those of the upload. */
  readonly number: number;
  readonly resumed?: Resumed | undefined;
}

export type Created = DiskSink | Skipped | { readonly committed: Committed };

/** The uploads of which it is one. */
export interface RetryHost {
  readonly library: Library;
  readonly versions: Versions;
  readonly isClosing: boolean;
  receipts(): Receipts;
  /** @returns what the work answers @throws PERMISSION_DENIED, READ_ONLY, … */
  inPartials<Result>(work: (partials: Partials) => Result): Result;
  /** Older tries that are open in this process let go. */
  takeOver(path: string, uploadId: Uint8Array, number: number): Promise<void>;
  begin(path: string, options: CreateOptions, begun: Begun): DiskSink | Skipped;
}

/** Milliseconds between two looks at an older try: twice as long each time. */
const PAUSE = { least: 2, most: 50 } as const;

/** A try is about to commit; one was, and nobody knows what became of it. */
type Known = Committed | "running" | "unknown" | undefined;

export class RetriedUpload {
  readonly #host: RetryHost;
  readonly #path: string;
  readonly #options: CreateOptions;
  readonly #key: string;
  #number = 0;

  constructor(host: RetryHost, path: string, options: CreateOptions) {
    this.#host = host;
    this.#path = path;
    this.#options = options;
    this.#key = keyOf(options.uploadId, path);
  }

  /** @throws UNAVAILABLE while an older try holds it, or when a newer one has come; as `Store.create` */
  async run(): Promise<Created> {
    const { uploadId } = this.#options;
    try {
      this.#number = this.#host.receipts().tries.announce(this.#key);
    } catch (refusal) {
      // The disk is full, perhaps just with this upload: then that is the answer.
      const known = await this.#known();
      if (typeof known === "object") return { committed: known };
      throw refusal;
    }
    const until = performance.now() + HELD_WAIT;
    for (let pause: number = PAUSE.least; ; pause = Math.min(2 * pause, PAUSE.most)) {
      this.#mustGoOn();
      await this.#host.takeOver(this.#path, uploadId, this.#number);
      const created = await this.#attempt();
      if (created !== undefined) return created;
      if (performance.now() > until) throw this.#isHeld();
      await Bun.sleep(pause);
    }
  }

  /** @returns undefined while an older try is not over */
  async #attempt(): Promise<Created | undefined> {
    const own = this.#own();
    let owned = own instanceof LeatError ? undefined : own;
    let known: Known;
    let created: Created | undefined;
    try {
      known = await this.#known();
      if (typeof known === "object") {
        if (owned !== undefined) owned = leftOf(owned);
        return { committed: known };
      }
      if (own instanceof LeatError) throw own;
      if (known === "running" || owned === undefined) return undefined;
      const other = await this.#other(owned);
      if (other !== undefined) {
        letGo(owned);
        owned = other;
      }
      const begun = await this.#begun(owned);
      this.#mustGoOn();
      created = this.#host.begin(this.#path, this.#options, begun);
      return created;
    } catch (thrown) {
      const taken = thrown instanceof LeatError && thrown.code === "ALREADY_EXISTS";
      if (!taken || known !== "unknown") throw thrown;
      const message = `${quote(this.#path)} exists; whether this upload was there before it cannot be told`;
      throw new LeatError("OUTCOME_UNKNOWN", message);
    } finally {
      // Of one that is skipped nobody goes on with what is left.
      if (created !== undefined && !(created instanceof DiskSink)) abandon(owned!.partial);
      else if (created === undefined && owned !== undefined) letGo(owned);
    }
  }

  /** @returns undefined while somebody holds it; a refusal stands behind what is known of the upload */
  #own(): Owned | LeatError | undefined {
    const name = partialName(this.#path, this.#options);
    const mode = partialMode(this.#options.mode);
    try {
      const { folder } = this.#host.library.placeNow(this.#path, isDirectory);
      return this.#host.inPartials((partials) => partials.own(name, folder, mode));
    } catch (thrown) {
      return LeatError.from(thrown, `cannot begin the upload of ${quote(this.#path)}`);
    }
  }

  async #known(): Promise<Known> {
    const receipts = this.#host.receipts();
    const notes = await receipts.find(this.#options.uploadId, this.#path, () => this.#isOver);
    if (notes.length === 0) return undefined;
    return (
      (await this.#committed(notes)) ??
      (notes.some((n) => receipts.isAlive(n)) ? "running" : "unknown")
    );
  }

  /** The file of that name is the one that a try was about to put there, or one of them had put it there. */
  async #committed(notes: readonly CommitRecord[]): Promise<Committed | undefined> {
    const { library, versions } = this.#host;
    using place = library.place(this.#path, isDirectory);
    const facts = place.folder.stat(place.name);
    const there = facts && notes.find((note) => isNoted(facts, note));
    if (facts !== undefined && there !== undefined) {
      // It may have been interrupted behind the name.
      const entry = versionedEntry(place.name, facts, versions);
      const isDone = there.durability === "none" || (await syncFolder(place.folder));
      if (isDone) return { ...there, entry };
      return { ...there, entry, durability: "none", notDone: { ...there.notDone, sync: true } };
    }
    const was = notes.find(({ published }) => published);
    if (was === undefined) return undefined;
    const { size, modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds } = was.facts;
    const modified = { seconds, nanoseconds };
    return {
      ...was,
      entry: { name: place.name, kind: "FILE", size, modified, mode: 0, version: "" },
    };
  }

  /** Where nothing is left of this id: the partial of another upload of the same file. */
  async #other({ isNew }: Owned): Promise<Owned | undefined> {
    const { resume, size } = this.#options;
    const { prefix } = resume ?? {};
    if (!isNew || prefix === undefined || size === undefined) return undefined;
    const target = targetOf(this.#path, this.#options);
    const own = partialName(this.#path, this.#options);
    // A client that gave up and asks again at once: what it had sent is just being let go of.
    const until = performance.now() + HELD_WAIT;
    while (true) {
      const found = await this.#host.inPartials((partials) =>
        partials.find(target, prefix, own, () => this.#isOver),
      );
      if (found !== "held") return found && { partial: found, isNew: false };
      if (performance.now() > until || this.#isOver) return undefined;
      await Bun.sleep(PAUSE.most);
    }
  }

  /** How much of it there is, in whole blocks, and what that is. */
  async #begun({ partial, isNew }: Owned): Promise<Begun> {
    const { size, resume, uploadId: own } = this.#options;
    if (isNew) return { partial, uploadId: own, number: this.#number };
    const uploadId = Partials.uploadId(partial.name);
    const number = Buffer.compare(own, uploadId) === 0 ? this.#number : this.#announce(uploadId);
    const whole = partial.size - (partial.size % BLOCK_SIZE);
    const known = size !== undefined && partial.size >= size ? size : whole;
    const length = resume?.fresh === true ? 0 : known;
    try {
      const crc32 = await partial.crc32(length, () => this.#isOver);
      partial.rewind(length);
      return { partial, uploadId, number, resumed: { crc32, uploadId } };
    } catch (error) {
      throw LeatError.from(error, "cannot continue an upload");
    }
  }

  #announce(uploadId: Uint8Array): number {
    return this.#host.receipts().tries.announce(keyOf(uploadId, this.#path));
  }

  get #isOver(): boolean {
    return this.#host.isClosing || this.#options.isOver?.() === true;
  }

  /** @throws UNAVAILABLE, CANCELLED */
  #mustGoOn(): void {
    if (this.#host.isClosing) throw new LeatError("UNAVAILABLE", "the library is being closed");
    if (this.#isOver) throw new LeatError("CANCELLED", "nobody goes on with the upload");
    const { tries } = this.#host.receipts();
    tries.refresh();
    if (!tries.isNewest(this.#key, this.#number)) throw takenOver(this.#path);
  }

  #isHeld(): LeatError {
    const message = `the upload of ${quote(this.#path)} is still running elsewhere`;
    return new LeatError("UNAVAILABLE", message, { retryAfter: RETRY_AFTER });
  }
}

/** Whether a file is the one that was about to get its name. */
function isNoted(facts: Facts, { facts: noted }: CommitRecord): boolean {
  return (
    sameThing(facts, noted) &&
    facts.size === noted.size &&
    facts.modifiedSeconds === noted.modifiedSeconds &&
    facts.modifiedNanoseconds === noted.modifiedNanoseconds
  );
}

function letGo({ partial, isNew }: Owned): void {
  if (isNew) abandon(partial);
  else partial.close();
}

/**
 * Of an upload that was committed nothing is kept. A second name of the file itself stays until the
 * sweep: that it goes would make it another version.
 */
function leftOf({ partial }: Owned): Owned {
  return { partial, isNew: partial.facts().links === 1 };
}
