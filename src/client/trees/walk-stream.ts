/** One stream of a walk. A tree may come over several of them: the next one continues behind the last item. */
import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import { IncomingWalk, type WalkedItem } from "../../transfer/incoming-walk.ts";
import type { ReadEntry } from "../../wire/entry-reader.ts";
import type { Finish } from "../../wire/gen/messages.ts";
import type { Link, PendingRequest } from "../connection/link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";

/** As `Walk` of the schema. */
export interface WalkRequest {
  /** A folder of the library. */
  readonly path: string;
  /** Continues behind this item, as `Walk.after`. */
  readonly after?: string | undefined;
  /** Only these files, where the server has the feature. */
  readonly paths?: readonly string[];
  /** Names that are not sent, where the server has the feature. */
  readonly leaveOut?: readonly string[];
  /** Files of at most so many bytes are sent along. */
  readonly contentsUpTo: number;
  readonly linkTargets?: boolean;
}

export class WalkStream implements StreamHandler {
  readonly #link: Link;
  readonly #answered = Promise.withResolvers<WalkStream>();
  readonly #incoming: IncomingWalk;
  #request: PendingRequest | undefined;
  readonly #isOfPaths: boolean;
  #isFinished = false;
  #modeBits: number | undefined;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;

  private constructor(link: Link, { contentsUpTo, paths }: WalkRequest) {
    this.#link = link;
    this.#incoming = new IncomingWalk(contentsUpTo);
    this.#isOfPaths = paths !== undefined;
  }

  /** Resolves when the server has answered. @throws UNIMPLEMENTED where it is an older one */
  static open(link: Link, request: WalkRequest, signal?: AbortSignal): Promise<WalkStream> {
    const stream = new WalkStream(link, request);
    const operation = { case: "walk", value: request } as const;
    stream.#request = link.request({ operation }, stream, signal);
    return stream.#answered.promise;
  }

  /** @returns the next item; undefined where `more` is to be waited for @throws PROTOCOL_ERROR */
  next(): WalkedItem | undefined {
    return this.#incoming.next();
  }

  /** Of the answer. */
  get modeBits(): number | undefined {
    return this.#modeBits;
  }

  /** As of IncomingWalk. */
  takeFiles(take: (file: ReadEntry) => boolean): string | undefined {
    return this.#incoming.takeFiles(take);
  }

  /**
   * Gives credit for what was taken, and waits for more.
   * @returns whether there is any
   * @throws why the stream ended
   */
  async more(): Promise<boolean> {
    this.#link.connection.consumed(this.#request?.stream ?? 0, this.#incoming.taken());
    if (this.#error !== undefined) throw this.#error;
    if (!this.#isFinished) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      return true;
    }
    if (this.#incoming.isEmpty) return false;
    throw new LeatError("PROTOCOL_ERROR", "the server ended a walk in the middle of an item");
  }

  /** Gives the rest up. Harmless when it is over. */
  cancel(): void {
    if (this.#request !== undefined) this.#link.cancel(this.#request);
  }

  // ---- StreamHandler ----

  response(result: Result | undefined): void {
    const isOfPaths = result?.case === "walk" && result.value.entry === undefined;
    if (result?.case !== "walk" || isOfPaths !== this.#isOfPaths) throw unexpected("walk");
    this.#modeBits = result.value.modeBits;
    this.#answered.resolve(this);
  }

  data(bytes: Uint8Array, crc: number | undefined): void {
    this.#incoming.push(bytes, crc);
    if (crc !== undefined) this.#wakeUp();
  }

  finish(finish: Finish): void {
    this.#incoming.finish(finish);
    this.#isFinished = true;
    this.#wakeUp();
  }

  failed(error: LeatError): void {
    this.#error ??= error;
    this.#answered.reject(error);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
