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

export class Quota implements Usage, Disposable {
  readonly #bytes: number;
  readonly #names: number;
  readonly #record: UsageRecord;
  #counting: Promise<void> | undefined;
  #isClosed = false;

  /**
   * @param partials the folder of unfinished uploads, in what the library keeps for the user
   * @throws as `UsageRecord.make` and `join`
   */
  constructor(library: Library, { bytes, files, run }: QuotaOptions, partials: string) {
    this.#bytes = bytes ?? Number.MAX_SAFE_INTEGER;
    this.#names = files ?? Number.MAX_SAFE_INTEGER;
    this.#record = UsageRecord.make(library);
    const keys = { run: keyOf(run), root: keyOf(identityOf(library.facts)) };
    const how = this.#join(keys);
    if (how === "joined") return;
    this.#counting = this.#count(library, keys, partials, how).then(() => {
      this.#counting = undefined;
    });
    this.#counting.catch(() => {}); // those that wait for it report it
  }

  #join(keys: RecordKeys): ReturnType<UsageRecord["join"]> {
    try {
      return this.#record.join(keys);
    } catch (error) {
      this.#record[Symbol.dispose]();
      throw error;
    }
  }

  /** Resolves when it is known what is used; undefined when that is known. @throws UNAVAILABLE, IO_ERROR */
  get counting(): Promise<void> | undefined {
    return this.#counting;
  }

  /** Bytes that may still come. */
  get left(): number {
    return Math.max(0, this.#bytes - this.#record.bytes);
  }

  take(bytes: number, names: number): void {
    const record = this.#record;
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
    this.#record.give(bytes, names);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#counting === undefined) this.#record[Symbol.dispose]();
  }

  async #count(
    library: Library,
    keys: RecordKeys,
    partials: string,
    first: "count" | "wait",
  ): Promise<void> {
    try {
      let how: ReturnType<UsageRecord["join"]> = first;
      for (; how === "wait"; how = this.#record.join(keys)) {
        await Bun.sleep(LOOK);
        if (this.#isClosed) throw closed();
      }
      if (how === "count") await this.#countAlone(library, partials);
      if (this.#isClosed) throw closed();
    } catch (thrown) {
      this.#isClosed = true;
      this.#record[Symbol.dispose]();
      throw LeatError.from(thrown, "cannot count the files of a user");
    }
  }

  async #countAlone(library: Library, partials: string): Promise<void> {
    const isOver = (): boolean => this.#isClosed;
    const sum = await countLibrary(library, isOver);
    using folder = findPrivateFolder(library, partials);
    if (folder !== undefined) await countFolder(folder, sum, isOver);
    await pause();
    if (isOver()) throw closed();
    this.#record.counted(sum.bytes, sum.names);
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
