/**
 * An upload, tried as long as it may help. All tries have the same id: what came of one is continued by
 * the next, and one whose receipt was lost is answered with it, and not done twice.
 */
import { LeatError } from "../../errors.ts";
import { randomBytes } from "../../hash.ts";
import { BLOCK_SIZE, RESUME_LEAST } from "../../limits.ts";
import type { Put } from "../../wire/gen/messages.ts";
import { checkWanted } from "../connection/abortable.ts";
import { callBack } from "../connection/callbacks.ts";
import type { Lines } from "../connection/lines.ts";
import type { PutOptions, Receipt } from "./options.ts";
import type { Upload, UploadOrigin } from "./upload.ts";
import { OtherPrefix, UploadCall } from "./upload-call.ts";

export interface UploadTriesOptions extends PutOptions {
  /** What is asked for, less what the source says. @param upload as it is opened */
  readonly request: (upload: Upload) => Partial<Put> & Pick<Put, "path">;
  /** The id of a try that was lost, and may have been done. */
  readonly lost?: Uint8Array | undefined;
}

export function uploadTries(
  lines: Lines,
  origin: UploadOrigin,
  options: UploadTriesOptions,
): Promise<Receipt> {
  return new UploadTries(lines, origin, options).run();
}

class UploadTries {
  readonly #lines: Lines;
  readonly #origin: UploadOrigin;
  readonly #options: UploadTriesOptions;
  #uploadId: Uint8Array = randomBytes(16);
  /** The server may have something of this id. */
  #again = false;
  /** What another process may have left is not to be looked for: it was something else. */
  #alone = false;
  /** How far the server was when it accepted the last try. */
  #accepted = -1;
  /** Bytes that have left, what was there already included. */
  #sent = 0;
  /** The file, as it was when it was opened first. */
  #first: Pick<Upload, "size" | "modified"> | undefined;

  constructor(lines: Lines, origin: UploadOrigin, options: UploadTriesOptions) {
    this.#lines = lines;
    this.#origin = origin;
    this.#options = options;
    if (options.lost === undefined) return;
    this.#uploadId = options.lost;
    this.#again = true;
  }

  async run(): Promise<Receipt> {
    try {
      return await this.#run();
    } catch (thrown) {
      if (this.#isKept) callBack("onKept", this.#options.onKept);
      throw thrown;
    }
  }

  /** It was given up on the way, and some of it is on the server. */
  get #isKept(): boolean {
    const { keep, signal } = this.#options;
    const { size = 0 } = this.#first ?? {};
    if (keep !== true || signal?.aborted !== true || !this.#canBeFound) return false;
    return this.#sent >= BLOCK_SIZE && this.#sent < size;
  }

  async #run(): Promise<Receipt> {
    const { signal } = this.#options;
    const retry = this.#lines.retry(signal === undefined ? [] : [signal]);
    while (true) {
      const before = this.#accepted;
      try {
        return await this.#try();
      } catch (thrown) {
        const error = LeatError.from(thrown);
        if (!this.#origin.replayable) throw error;
        if (error instanceof OtherPrefix && !this.#alone) {
          this.#alone = true;
          this.#again = false;
          this.#uploadId = randomBytes(16);
          this.#accepted = -1;
          continue;
        }
        this.#again = true;
        if (this.#accepted > before) retry.moved();
        if (!retry.repairs(error)) await retry.wait(error);
      }
    }
  }

  async #try(): Promise<Receipt> {
    const { signal, onProgress, onResume, request } = this.#options;
    checkWanted(signal);
    const upload = await this.#origin.open();
    try {
      this.#checkSame(upload);
      const fields = await this.#resumeFields(upload);
      const link = await this.#lines.connected(signal);
      const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
      const onAccepted = (offset: number, uploadId: Uint8Array): void => {
        this.#accepted = offset;
        this.#sent = offset;
        this.#uploadId = uploadId;
        if (offset > 0) callBack("onResume", onResume, offset, upload.size ?? 0);
      };
      const value = { ...request(upload), ...fields, uploadId: this.#uploadId };
      const keeps = this.#options.keep === true && this.#canBeFound;
      const report = (bytes: number): void => {
        this.#sent = bytes;
        onProgress?.(bytes);
      };
      const told = { onAccepted, onProgress: report, resolve, reject };
      new UploadCall({ upload, link, request: value, keeps, ...told }).ask(signal);
      return await promise;
    } catch (thrown) {
      upload.release();
      throw thrown;
    }
  }

  /** @throws CHANGED */
  #checkSame({ size, modified }: Upload): void {
    this.#first ??= { size, modified };
    const first = this.#first;
    // Without a size each try sends all from the start: nothing is joined.
    if (first.size === undefined && size === undefined) return;
    const same =
      first.size === size &&
      first.modified?.seconds === modified?.seconds &&
      first.modified?.nanoseconds === modified?.nanoseconds;
    if (!same) throw new LeatError("CHANGED", "the file changed between two tries of its upload");
  }

  /** Looks for what another try, or another process, has left; where there may be something. */
  async #resumeFields(upload: Upload): Promise<Partial<Put>> {
    if (this.#accepted >= 0 || this.#alone || !this.#canBeFound) {
      return this.#again ? { resume: true } : {};
    }
    // Until the server has accepted, nothing has left: there is nothing under our own id.
    const prefixCrc32 = await upload.prefix(BLOCK_SIZE);
    return { resume: true, prefixCrc32, prefixLength: BLOCK_SIZE };
  }

  /** Whether another process can find what this one has left. */
  get #canBeFound(): boolean {
    const { size, modified } = this.#first ?? {};
    if (this.#options.sha256 === true || modified === undefined) return false;
    return size !== undefined && size >= RESUME_LEAST;
  }
}
