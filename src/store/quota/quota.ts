/** The quota of a user: what is in the user's folder, and what unfinished uploads hold, against two bounds. */
import { LeatError } from "../../errors.ts";
import { pause } from "../../next-turn.ts";
import { findPrivateFolder } from "../resolve/private-folder.ts";
import { identityOf } from "../system/facts.ts";
import type { Library } from "../resolve/library.ts";
import type { Usage } from "../usage.ts";
import { countFolder, countLibrary } from "./count.ts";
import { keyOf, type RecordKeys, UsageRecord } from "./usage-record.ts";

export interface QuotaOptions {
  readonly bytes?: number | undefined;
  /** Files, folders and links. */
  readonly files?: number | undefined;
  /** The same for all processes of a server: figures of an earlier one are not relied on. */
  readonly run: string;
}

/** Milliseconds between two looks at a record that another process fills. */
const LOOK = 20;

export class Quota implements Usage, AsyncDisposable {
  readonly #library: Library;
  readonly #bytes: number;
  readonly #names: number;
  readonly #keys: RecordKeys;
  readonly #partials: string;
  #record: UsageRecord | undefined;
  #counting: Promise<void> | undefined;
  #isCounted = false;
  #isClosed = false;

  /**
   * Begins to count. Where that is not possible, as on a full disk, the next call of `ready` tries again.
   * @param partials the folder of unfinished uploads, in what the library keeps for the user
   */
  constructor(library: Library, { bytes, files, run }: QuotaOptions, partials: string) {
    this.#library = library;
    this.#bytes = bytes ?? Number.MAX_SAFE_INTEGER;
    this.#names = files ?? Number.MAX_SAFE_INTEGER;
    this.#keys = { run: keyOf(run), root: keyOf(identityOf(library.facts)) };
    this.#partials = partials;
    void this.ready();
  }

  /** It is known what is used. */
  get isCounted(): boolean {
    return this.#isCounted;
  }

  /**
   * Resolves when it is known what is used; undefined when that is known. Before, nothing may be taken.
   * @throws UNAVAILABLE, IO_ERROR, NO_SPACE, …: as `UsageRecord`
   */
  ready(): Promise<void> | undefined {
    if (this.#counting !== undefined || this.#isCounted) return this.#counting;
    const counting = this.#count();
    if (this.#isCounted) return undefined;
    this.#counting = counting;
    const onOver = (): void => void (this.#counting = undefined);
    counting.then(onOver, onOver); // those that wait for it report its error
    return counting;
  }

  /** Bytes that may still come. */
  get left(): number {
    return Math.max(0, this.#bytes - (this.#record?.bytes ?? 0));
  }

  take(bytes: number, names: number): void {
    const record = this.#record;
    if (record === undefined) return;
    record.take(bytes, names);
    if (bytes > 0 && record.bytes > this.#bytes) {
      record.give(bytes, names);
      throw exceeded(bytes, this.#bytes, record.bytes, "bytes");
    }
    if (names > 0 && record.names > this.#names) {
      record.give(bytes, names);
      throw exceeded(names, this.#names, record.names, "files and folders");
    }
  }

  give(bytes: number, names: number): void {
    this.#record?.give(bytes, names);
  }

  /** Waits for a count to notice: it has the library open. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isCounted) this.#record?.[Symbol.dispose]();
    await this.#counting?.catch(() => {});
  }

  async #count(): Promise<void> {
    let record: UsageRecord | undefined;
    try {
      if (this.#isClosed) throw closed();
      record = this.#record = UsageRecord.make(this.#library);
      let how = record.join(this.#keys);
      for (; how === "wait"; how = record.join(this.#keys)) {
        await Bun.sleep(LOOK);
        if (this.#isClosed) throw closed();
      }
      if (how === "count") await this.#countAlone(record);
      if (this.#isClosed) throw closed();
      this.#isCounted = true;
    } catch (thrown) {
      this.#record = undefined;
      record?.[Symbol.dispose]();
      throw LeatError.from(thrown, "cannot count the files of a user");
    }
  }

  async #countAlone(record: UsageRecord): Promise<void> {
    const isOver = (): boolean => this.#isClosed;
    const sum = await countLibrary(this.#library, isOver);
    using folder = findPrivateFolder(this.#library, this.#partials);
    if (folder !== undefined) await countFolder(folder, sum, isOver);
    await pause();
    if (isOver()) throw closed();
    record.counted(sum.bytes, sum.names);
  }
}

const closed = (): LeatError => new LeatError("UNAVAILABLE", "the library is being closed");

function exceeded(wanted: number, most: number, used: number, what: string): LeatError {
  const left = Math.max(0, most - used);
  const message =
    `the quota of this user has ${left} of ${most} ${what} left, and ${wanted} are needed; ` +
    "remove something, or ask the operator of the server";
  return new LeatError("QUOTA_EXCEEDED", message);
}
