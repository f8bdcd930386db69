/**
 * A file on its way to us. Nothing is asked for twice and nothing is held beyond the window: bytes
 * wait here, unacknowledged, until a way to take them is chosen: `save`, `bytes`, `text`, `stream`,
 * or iterating over verified blocks.
 */
import { LeatError } from "../../errors.ts";
import { createLocalFile, type ResumableFile } from "../local/local-file.ts";
import type { StoreEntry } from "../../store/store.ts";
import { isSkipped } from "./is-skipped.ts";
import type { Leg } from "./leg.ts";
import { NOT_SAVED, type Saved, type SaveOptions, savedAs } from "./options.ts";
import { type Landing, type ReceptionOptions, receive } from "./reception.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { VerifiedBlocks } from "./verified-blocks.ts";

/** How to go on when a stream is lost. */
type DownloadOptions = Omit<ReceptionOptions, "landing">;

/** A file on its way. Take it once: `save`, `bytes`, `text`, `stream`, or iterate over its verified blocks. */
export class Download implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The whole file, as the server has it. */
  readonly entry: StoreEntry;
  /** First byte that is sent. */
  readonly offset: number;
  /** Bytes that are sent. */
  readonly length: number;
  readonly #first: Leg;
  readonly #options: DownloadOptions;
  /** Given up: what waits to try again stops. */
  readonly #stop: AbortController;
  #taken = false;
  #over = false;

  /** Made by `Client.get`. @hidden */
  constructor(first: Leg, options: DownloadOptions, stop: AbortController) {
    this.entry = first.head.entry;
    this.offset = first.head.offset;
    this.length = first.head.length;
    this.#first = first;
    this.#options = options;
    this.#stop = stop;
  }

  /**
   * Writes the file, whole and verified or not at all, through a partial file beside it.
   * @param target a path, or a file of `Bun.file`
   */
  async save(
    target: string | (Blob & { readonly name?: string }),
    options: SaveOptions = {},
  ): Promise<Saved> {
    const path = typeof target === "string" ? target : target.name;
    if (path === undefined) throw new LeatError("INVALID_ARGUMENT", "the target has no path");
    this.#claim();
    let sink: ResumableFile["sink"] | undefined;
    try {
      const { durability = "fsync" } = options;
      const created = createLocalFile(path, {
        shown: options.shown,
        collision: options.ifExists ?? "replace",
        durability,
        modified: this.entry.modified,
        mode: this.entry.mode,
        size: this.length,
      });
      if ("skipped" in created) {
        this.cancel();
        return NOT_SAVED;
      }
      sink = created;
      await this.#receive({
        write: (bytes, position) => created.write(bytes, position - this.offset),
        written: (bytes, leg) => leg.consumed(bytes, false),
        rewind: (position) => created.rewind(position - this.offset),
      });
      return savedAs(await created.commit(), durability);
    } catch (thrown) {
      this.cancel();
      await sink?.abandon();
      if (isSkipped(thrown, options.ifExists)) return NOT_SAVED;
      throw LeatError.from(thrown, `saving ${options.shown ?? path} failed`);
    }
  }

  /** Verified blocks, in order: pieces of a block come only after its checksum matched. */
  async *blocks(): AsyncGenerator<Uint8Array> {
    this.#claim();
    yield* this.#blocks();
  }

  async *#blocks(): AsyncGenerator<Uint8Array> {
    const blocks = new VerifiedBlocks();
    this.#receive({
      write: (bytes, _position, leg) => blocks.push({ bytes, leg }),
      verified: () => blocks.verified(),
      rewind: () => blocks.rewind(),
    }).then(
      () => blocks.end(),
      (thrown: unknown) => blocks.fail(LeatError.from(thrown)),
    );
    try {
      for await (const { bytes, leg } of blocks) {
        yield bytes;
        leg.consumed(bytes.length, true);
      }
    } finally {
      this.cancel();
    }
  }

  /** As `blocks`. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.blocks();
  }

  /** Verified blocks as a web stream. */
  stream(): ReadableStream<Uint8Array> {
    const blocks = this.blocks();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await blocks.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel: async () => {
          this.cancel(); // or it would wait for the block that is awaited
          await blocks.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Everything, in memory. @throws TOO_LARGE when there is not enough of it */
  async bytes(): Promise<Uint8Array> {
    this.#claim();
    try {
      const all = new GrowingBytes(this.length);
      for await (const bytes of this.#blocks()) all.add(bytes);
      return all.whole();
    } catch (thrown) {
      this.cancel();
      throw this.#tooLarge(thrown);
    }
  }

  /** Everything, as UTF-8 text. @throws TOO_LARGE as `bytes`, and where it is more than a string can hold */
  async text(): Promise<string> {
    const bytes = await this.bytes();
    try {
      return new TextDecoder().decode(bytes);
    } catch (thrown) {
      throw this.#tooLarge(thrown);
    }
  }

  /** Gives the rest up. Harmless when there is none. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#first.cancel(
      new LeatError("CANCELLED", `the download of ${this.entry.name} was given up`),
    );
    this.#stop.abort();
  }

  /** As `cancel`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** An allocation that was refused throws a RangeError. */
  #tooLarge(thrown: unknown): unknown {
    if (!(thrown instanceof RangeError)) return thrown;
    const message = `${this.entry.name} has ${this.length} bytes, more than memory can hold: save it, or read it as a stream`;
    return new LeatError("TOO_LARGE", message, { cause: thrown });
  }

  async #receive(landing: Landing): Promise<void> {
    await receive(this.#first, { ...this.#options, landing });
    this.#over = true;
  }

  /** @throws INVALID_ARGUMENT the second time, and what was begun goes on */
  #claim(): void {
    if (this.#taken) throw new LeatError("INVALID_ARGUMENT", "this download was taken already");
    this.#taken = true;
  }
}
