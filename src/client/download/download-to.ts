/**
 * Downloads a file to a path: continues the partial file of an earlier try, and keeps the verified
 * blocks for the next one. A file of one block at most is always begun anew.
 */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { BLOCK_SIZE } from "../../limits.ts";
import { createLocalFile, type Skipped } from "../local/local-file.ts";
import type { Known } from "../local/block-sums.ts";
import {
  createResumableFile,
  type FoundPartial,
  findPartial,
  leavePartial,
  type ResumableFile,
} from "../local/resumable-file.ts";
import type { Stored } from "../../store/store.ts";
import { callBack } from "../connection/callbacks.ts";
import type { Retry } from "../connection/retry.ts";
import type { DownloadStream, RangeHead } from "./download-stream.ts";
import type { Downloaded, DownloadOptions, GetOptions } from "./options.ts";
import { SKIPPED, isSkipped, localOptions, savedAs } from "./saving.ts";
import { checkSize, isReplaced, receive } from "./receive.ts";

export interface DownloadToOptions extends DownloadOptions {
  /** Opens a stream. @param onProgress called with the sum of its bytes so far */
  readonly open: (
    range: GetOptions,
    onProgress: (bytes: number) => void,
  ) => Promise<DownloadStream>;
  readonly retry: Retry;
}

/** After these errors the verified blocks are kept for the next try. */
const RESUMABLE = new Set<ErrorCode>([
  "CANCELLED",
  "CHECKSUM_MISMATCH",
  "CONNECTION_LOST",
  "DEADLINE_EXCEEDED",
  "PROTOCOL_ERROR",
  "RESOURCE_EXHAUSTED",
  "UNAVAILABLE",
]);

/** Versions that one download begins: a file that changes all the time would never come whole. */
const MAX_VERSIONS = 3;

export async function downloadTo(target: string, options: DownloadToOptions): Promise<Downloaded> {
  for (let version = 1; ; version += 1) {
    try {
      return await new DownloadTo(target, options).run();
    } catch (thrown) {
      const error = LeatError.from(thrown, `saving ${options.shown ?? target} failed`);
      if (!isReplaced(error) || version === MAX_VERSIONS) throw error;
      callBack("onResume", options.onResume, 0, 0);
    }
  }
}

/** The stream that was opened, and the sums of the verified blocks that it continues. */
interface Begun {
  readonly stream: DownloadStream;
  readonly sums: Known["sums"];
  /** Where it continues; 0 when the file is another one now; undefined without an earlier try. */
  readonly resumed: number | undefined;
}

/** The server has another version than the partial file, or never had that one. */
const OTHER_VERSION = new Set<ErrorCode>(["PRECONDITION_FAILED", "INVALID_ARGUMENT"]);

class DownloadTo {
  readonly #target: string;
  readonly #options: DownloadToOptions;
  /** Bytes that arrived before `onBegin` was called; undefined afterwards. */
  #beforeBegin: number | undefined = 0;

  constructor(target: string, options: DownloadToOptions) {
    this.#target = target;
    this.#options = options;
  }

  async run(): Promise<Downloaded> {
    const { onBegin, onProgress, ifExists } = this.#options;
    let found = await findPartial(this.#target);
    let stream: DownloadStream | undefined;
    try {
      const begun = await this.#begin(found?.known);
      stream = begun.stream;
      const { entry } = stream.head;
      if (begun.resumed !== undefined) {
        callBack("onResume", this.#options.onResume, begun.resumed, entry.size);
      }
      callBack("onBegin", onBegin, entry);
      const arrived = this.#beforeBegin ?? 0;
      this.#beforeBegin = undefined;
      if (arrived > 0) callBack("onProgress", onProgress, arrived);
      const partial = found;
      found = undefined; // from now on the sink owns it
      const file = this.#createFile(stream.head, begun.sums, partial);
      if ("skipped" in file) {
        stream.cancel(new LeatError("CANCELLED", "the name is taken"));
        return { entry, ...SKIPPED };
      }
      const stored = await this.#fill(file, stream);
      return { entry, ...savedAs(stored, this.#options) };
    } catch (thrown) {
      stream?.cancel(LeatError.from(thrown));
      if (found !== undefined) leavePartial(found);
      if (stream !== undefined && isSkipped(thrown, ifExists)) {
        return { entry: stream.head.entry, ...SKIPPED };
      }
      throw thrown;
    }
  }

  /** Requests the missing bytes, or all if the file is another one now. */
  async #begin(known: Known | undefined): Promise<Begun> {
    if (known === undefined || known.sums.length === 0) {
      return { stream: await this.#open({}), sums: [], resumed: undefined };
    }
    const { version, size, sums } = known;
    const offset = Math.min(size, sums.length * BLOCK_SIZE);
    try {
      const stream = checkSize(await this.#open({ offset, ifMatch: version }), size);
      return { stream, sums, resumed: offset };
    } catch (thrown) {
      if (!OTHER_VERSION.has(LeatError.from(thrown).code)) throw thrown;
    }
    return { stream: await this.#open({}), sums: [], resumed: 0 };
  }

  #open(range: GetOptions): Promise<DownloadStream> {
    const { open, onProgress } = this.#options;
    const { offset = 0 } = range;
    return open(range, (bytes) => {
      // Bytes may come together with the answer: `onBegin` is called first.
      if (this.#beforeBegin === undefined) onProgress?.(offset + bytes);
      else this.#beforeBegin = offset + bytes;
    });
  }

  #createFile(
    head: RangeHead,
    sums: Known["sums"],
    found: FoundPartial | undefined,
  ): ResumableFile | Skipped {
    const { size, version } = head.entry;
    const options = localOptions(head, size, this.#options);
    if (size > BLOCK_SIZE || found !== undefined) {
      return createResumableFile(this.#target, options, { version, size, sums }, found);
    }
    const sink = createLocalFile(this.#target, options);
    return "skipped" in sink ? sink : { sink, sums: undefined };
  }

  async #fill({ sink, sums }: ResumableFile, first: DownloadStream): Promise<Stored> {
    const { retry } = this.#options;
    const { version } = first.head.entry;
    try {
      await receive(first, {
        target: {
          write: (bytes, position) => sink.write(bytes, position),
          writeHole: (zeros, position) => sink.writeHole(zeros, position),
          written: (bytes, stream) => stream.consumed(bytes, false),
          verified: (_end, sum) => sums?.add(sum),
          verifiedHole: (zeros) => sums?.addHole(zeros),
          rewind: (position) => sink.rewind(position),
        },
        sha256: false,
        retry,
        reopen: (offset) => this.#open({ offset, ifMatch: version }),
      });
    } catch (thrown) {
      if (sums !== undefined && sums.count > 0 && RESUMABLE.has(LeatError.from(thrown).code)) {
        sums.flush();
        sums[Symbol.dispose]();
        await sink.keep();
        callBack("onKept", this.#options.onKept);
      } else {
        sums?.remove();
        await sink.abandon();
      }
      throw thrown;
    }
    // Before the file gets its name: so a crash never leaves the sums behind for good.
    sums?.remove();
    return await sink.commit();
  }
}
