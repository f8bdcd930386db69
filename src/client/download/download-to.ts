/**
 * A download to a path: continues what an earlier try has left beside it, and leaves what is verified
 * for the next one. Files of one block at most have nothing to continue.
 */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { BLOCK_SIZE } from "../../limits.ts";
import {
  type FoundPartial,
  type Known,
  type ResumableFile,
  type LocalFileOptions,
  type Skipped,
  createLocalFile,
  createResumableFile,
  findPartial,
  leavePartial,
} from "../local/local-file.ts";
import type { DurabilityLevel, Stored, StoreEntry } from "../../store/store.ts";
import { isSkipped } from "./is-skipped.ts";
import { callBack } from "../connection/callbacks.ts";
import type { Leg } from "./leg.ts";
import {
  type Downloaded,
  type DownloadOptions,
  type GetOptions,
  NOT_SAVED,
  savedAs,
} from "./options.ts";
import { checkSize, isReplaced, receive } from "./reception.ts";
import type { Retry } from "../connection/retry.ts";

export interface DownloadToOptions extends DownloadOptions {
  /** Begins a stream. @param report is told of arriving bytes */
  readonly open: (range: GetOptions, report: (bytes: number) => void) => Promise<Leg>;
  readonly retry: Retry;
}

/** After these there is something to continue. */
const INTERRUPTED = new Set<ErrorCode>([
  "CANCELLED",
  "CHECKSUM_MISMATCH",
  "CONNECTION_LOST",
  "DEADLINE_EXCEEDED",
  "PROTOCOL_ERROR",
  "RESOURCE_EXHAUSTED",
  "UNAVAILABLE",
]);

/** Versions that are begun in one download: of a file that changes all the time none comes whole. */
const VERSIONS = 3;

export async function downloadTo(target: string, options: DownloadToOptions): Promise<Downloaded> {
  for (let version = 1; ; version += 1) {
    try {
      return await new DownloadTo(target, options).run();
    } catch (thrown) {
      const error = LeatError.from(thrown, `saving ${options.shown ?? target} failed`);
      if (!isReplaced(error) || version === VERSIONS) throw error;
      callBack("onResume", options.onResume, 0, 0);
    }
  }
}

/** A file that was asked for, and what is known of it. */
interface Begun {
  readonly leg: Leg;
  readonly known: Known;
  /** Where it continues; 0 when the file is another one now; undefined where there was nothing. */
  readonly resumed: number | undefined;
}

const NOTHING: Known = { version: "", size: 0, sums: [] };

/** The notes are not about the file that is there now: another version, or never one of it. */
const ANOTHER = new Set<ErrorCode>(["PRECONDITION_FAILED", "INVALID_ARGUMENT"]);

class DownloadTo {
  readonly #target: string;
  readonly #options: DownloadToOptions;
  /** How far it is, until it was told that it begins. */
  #early: number | undefined = 0;

  constructor(target: string, options: DownloadToOptions) {
    this.#target = target;
    this.#options = options;
  }

  get #durability(): DurabilityLevel {
    return this.#options.durability ?? "fsync";
  }

  async run(): Promise<Downloaded> {
    const { onBegin, onProgress, ifExists } = this.#options;
    let found = await findPartial(this.#target);
    let leg: Leg | undefined;
    try {
      const begun = await this.#begin(found?.known);
      leg = begun.leg;
      const { entry } = leg.head;
      if (begun.resumed !== undefined) {
        callBack("onResume", this.#options.onResume, begun.resumed, entry.size);
      }
      callBack("onBegin", onBegin, entry);
      const early = this.#early ?? 0;
      this.#early = undefined;
      if (early > 0) callBack("onProgress", onProgress, early);
      const partial = found;
      found = undefined; // from now on it is the file's
      const file = this.#createFile(entry, begun.known, partial);
      if ("skipped" in file) {
        leg.cancel(new LeatError("CANCELLED", "the name is taken"));
        return { entry, ...NOT_SAVED };
      }
      const stored = await this.#fill(file, leg);
      return { entry, ...savedAs(stored, this.#durability) };
    } catch (thrown) {
      leg?.cancel(LeatError.from(thrown));
      if (found !== undefined) leavePartial(found);
      if (leg !== undefined && isSkipped(thrown, ifExists)) {
        return { entry: leg.head.entry, ...NOT_SAVED };
      }
      throw thrown;
    }
  }

  /** Asks for what is missing, or for all if the file is another one now. */
  async #begin(known: Known | undefined): Promise<Begun> {
    if (known === undefined || known.sums.length === 0) {
      return { leg: await this.#open({}), known: NOTHING, resumed: undefined };
    }
    const { version, size, sums } = known;
    const offset = Math.min(size, sums.length * BLOCK_SIZE);
    try {
      const leg = checkSize(await this.#open({ offset, ifMatch: version }), size);
      return { leg, known, resumed: offset };
    } catch (thrown) {
      if (!ANOTHER.has(LeatError.from(thrown).code)) throw thrown;
    }
    return { leg: await this.#open({}), known: NOTHING, resumed: 0 };
  }

  #open(range: GetOptions): Promise<Leg> {
    const { open, onProgress } = this.#options;
    const { offset = 0 } = range;
    return open(range, (bytes) => {
      // Bytes may come along with the answer: first it is told where they begin.
      if (this.#early === undefined) onProgress?.(offset + bytes);
      else this.#early = offset + bytes;
    });
  }

  #createFile(
    entry: StoreEntry,
    known: Known,
    found: FoundPartial | undefined,
  ): ResumableFile | Skipped {
    const { size, modified, mode, version } = entry;
    const options: LocalFileOptions = {
      shown: this.#options.shown,
      collision: this.#options.ifExists ?? "replace",
      durability: this.#durability,
      modified,
      mode,
      size,
    };
    if (size > BLOCK_SIZE || found !== undefined) {
      return createResumableFile(this.#target, options, { ...known, version, size }, found);
    }
    const sink = createLocalFile(this.#target, options);
    return "skipped" in sink ? sink : { sink, sums: undefined };
  }

  async #fill({ sink, sums }: ResumableFile, first: Leg): Promise<Stored> {
    const { retry } = this.#options;
    const { version } = first.head.entry;
    try {
      await receive(first, {
        landing: {
          write: (bytes, position) => sink.write(bytes, position),
          written: (bytes, leg) => leg.consumed(bytes, false),
          verified: (_behind, sum) => sums?.add(sum),
          rewind: (position) => sink.rewind(position),
        },
        sha256: false,
        retry,
        reopen: (offset) => this.#open({ offset, ifMatch: version }),
      });
    } catch (thrown) {
      const known = INTERRUPTED.has(LeatError.from(thrown).code) ? (sums?.count ?? 0) : 0;
      if (known > 0) {
        sums?.flush();
        sums?.[Symbol.dispose]();
        await sink.keep();
        callBack("onKept", this.#options.onKept);
      } else {
        sums?.remove();
        await sink.abandon();
      }
      throw thrown;
    }
    // Before the name: what a crash leaves then is begun anew, and nothing stays that nobody removes.
    sums?.remove();
    return await sink.commit();
  }
}
