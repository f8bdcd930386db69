/**
 * Uploads a file, with retries. All tries have the same id: each continues what the server has of the
 * one before, and when only the receipt of a try was lost, the next one gets that receipt.
 */
import { LeatError } from "../../errors.ts";
import { randomBytes } from "../../hash.ts";
import { BLOCK_SIZE, RESUME_LEAST } from "../../limits.ts";
import type { Time } from "../../store/store.ts";
import type { Put } from "../../wire/gen/messages.ts";
import { throwIfAborted } from "../connection/abortable.ts";
import { callBack } from "../connection/callbacks.ts";
import type { ReconnectingLink } from "../connection/reconnecting-link.ts";
import { IF_EXISTS, type PutOptions, type Receipt } from "./options.ts";
import type { Upload, UploadOrigin } from "./upload.ts";
import { OtherPrefix, type PutRequest, UploadStream } from "./upload-stream.ts";

export class UploadTries {
  readonly #link: ReconnectingLink;
  readonly #path: string;
  readonly #origin: UploadOrigin;
  readonly #options: PutOptions;
  #uploadId: Uint8Array;
  /** The server may know this id from an earlier try. */
  #isRepeated: boolean;
  /** The part that another process has left was of another file: it is not asked for again. */
  #ignoresOthers = false;
  /** The offset at which the server accepted the last try; -1 before it accepted one. */
  #accepted = -1;
  /** Bytes that were sent, the part that the server had included. */
  #sent = 0;
  /** The source, as it was at the first try. */
  #first: Pick<Upload, "size" | "modified"> | undefined;

  /** @param lostId of an earlier try whose answer was lost: the server may have done it */
  constructor(
    link: ReconnectingLink,
    path: string,
    origin: UploadOrigin,
    options: PutOptions,
    lostId?: Uint8Array,
  ) {
    this.#link = link;
    this.#path = path;
    this.#origin = origin;
    this.#options = options;
    this.#uploadId = lostId ?? randomBytes(16);
    this.#isRepeated = lostId !== undefined;
  }

  async run(): Promise<Receipt> {
    try {
      return await this.#run();
    } catch (thrown) {
      if (this.#isKept) callBack("onKept", this.#options.onKept);
      throw thrown;
    }
  }

  /** The caller aborted it, and the server keeps a part of it. */
  get #isKept(): boolean {
    const { keep, signal } = this.#options;
    const { size = 0 } = this.#first ?? {};
    if (keep !== true || signal?.aborted !== true || !this.#canBeFound) return false;
    return this.#sent >= BLOCK_SIZE && this.#sent < size;
  }

  async #run(): Promise<Receipt> {
    const { signal } = this.#options;
    const retry = this.#link.retry(signal);
    while (true) {
      const before = this.#accepted;
      try {
        return await this.#try();
      } catch (thrown) {
        const error = LeatError.from(thrown);
        if (!this.#origin.replayable) throw error;
        if (error instanceof OtherPrefix && !this.#ignoresOthers) {
          this.#ignoresOthers = true;
          this.#isRepeated = false;
          this.#uploadId = randomBytes(16);
          this.#accepted = -1;
          continue;
        }
        this.#isRepeated = true;
        if (this.#accepted > before) retry.progressed();
        if (!retry.repairs(error)) await retry.wait(error);
      }
    }
  }

  async #try(): Promise<Receipt> {
    const { signal, keep, onProgress, onResume } = this.#options;
    throwIfAborted(signal);
    const upload = await this.#origin.open();
    try {
      this.#checkSame(upload);
      const resume = await this.#resumeFields(upload);
      const stream = new UploadStream({
        upload,
        link: await this.#link.connected(signal),
        request: { ...this.#request(upload), ...resume },
        keepsPartial: keep === true && this.#canBeFound,
        onAccepted: (offset, uploadId) => {
          this.#accepted = offset;
          this.#sent = offset;
          this.#uploadId = uploadId;
          if (offset > 0) callBack("onResume", onResume, offset, upload.size ?? 0);
        },
        onProgress: (bytes) => {
          this.#sent = bytes;
          onProgress?.(bytes);
        },
      });
      return await stream.send(signal);
    } catch (thrown) {
      upload.release();
      throw thrown;
    }
  }

  /** @throws CHANGED */
  #checkSame({ size, modified }: Upload): void {
    this.#first ??= { size, modified };
    const first = this.#first;
    // Without a size each try sends all of it from the start: no two versions are joined.
    if (first.size === undefined && size === undefined) return;
    const same =
      first.size === size &&
      first.modified?.seconds === modified?.seconds &&
      first.modified?.nanoseconds === modified?.nanoseconds;
    if (!same) throw new LeatError("CHANGED", "the file changed between two tries of its upload");
  }

  #request({ size, allocated, modified, mode }: Upload): PutRequest {
    const { ifExists = "fail", ifMatch, sha256 = false, modified: given } = this.#options;
    return {
      path: this.#path,
      uploadId: this.#uploadId,
      size,
      allocated,
      mode: this.#options.mode ?? mode,
      modified: given === undefined ? modified : time(given),
      ifExists: IF_EXISTS[ifExists],
      ifMatch,
      sha256,
    };
  }

  /** Asks for the part that an earlier try, or another process, has left, where there may be one. */
  async #resumeFields(upload: Upload): Promise<Partial<Put>> {
    if (this.#accepted >= 0 || this.#ignoresOthers || !this.#canBeFound) {
      return this.#isRepeated ? { resume: true } : {};
    }
    // Before the server has accepted a try of this upload, only another process can have left a part.
    const prefixCrc32 = await upload.prefix(BLOCK_SIZE);
    return { resume: true, prefixCrc32, prefixLength: BLOCK_SIZE };
  }

  /** Whether another process could find the part that this one leaves on the server. */
  get #canBeFound(): boolean {
    const { size, modified } = this.#first ?? {};
    if (this.#options.sha256 === true || modified === undefined) return false;
    return size !== undefined && size >= RESUME_LEAST;
  }
}

function time(date: Date): Time {
  const milliseconds = date.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * 1e6) };
}
