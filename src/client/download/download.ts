/**
 * A download that the server has answered. Until its caller chooses how to take it, at most the
 * stream's window of bytes waits here, without new credit.
 */
import { LeatError } from "../../errors.ts";
import { createLocalFile } from "../local/local-file.ts";
import type { ResumableFile } from "../local/resumable-file.ts";
import type { StoreEntry } from "../../store/store.ts";
import type { DownloadStream } from "./download-stream.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import type { Saved, SaveOptions } from "./options.ts";
import { SKIPPED, isSkipped, localOptions, savedAs } from "./saving.ts";
import { type DownloadTarget, type ReceiveOptions, receive } from "./receive.ts";
import { VerifiedBlocks } from "./verified-blocks.ts";

/** How to go on when a stream is lost. */
type ResumeOptions = Omit<ReceiveOptions, "target">;

let create: (first: DownloadStream, options: ResumeOptions, stop: AbortController) => Download;

/**
 * A download that has begun. Take it once: `save`, `bytes`, `text`, `stream`, or iterate over its
 * verified blocks. All of them throw a LeatError, and CHANGED when the file changes on the server
 * meanwhile.
 */
export class Download implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The whole file, as the server has it. */
  readonly entry: StoreEntry;
  /** The first byte that is sent. */
  readonly offset: number;
  /** Bytes that are sent. */
  readonly length: number;
  readonly #first: DownloadStream;
  readonly #options: ResumeOptions;
  /** Ends retries that wait. */
  readonly #stop: AbortController;
  #taken = false;
  #isOver = false;

  private constructor(first: DownloadStream, options: ResumeOptions, stop: AbortController) {
    this.entry = first.head.entry;
    this.offset = first.head.offset;
    this.length = first.head.length;
    this.#first = first;
    this.#options = options;
    this.#stop = stop;
  }

  static {
    create = (first, options, stop) => new Download(first, options, stop);
  }

  /**
   * Writes the file, whole and verified or not at all, through a partial file beside it.
   * @param target a path, or a file of `Bun.file`
   * @throws ALREADY_EXISTS, NOT_FOUND (the folder), IS_A_DIRECTORY, NO_SPACE, PERMISSION_DENIED
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
      const created = createLocalFile(path, localOptions(this.#first.head, this.length, options));
      if ("skipped" in created) {
        this.cancel();
        return SKIPPED;
      }
      sink = created;
      await this.#receive({
        write: (bytes, position) => created.write(bytes, position - this.offset),
        writeHole: (zeros, position) => created.writeHole(zeros, position - this.offset),
        written: (bytes, stream) => stream.consumed(bytes, false),
        rewind: (position) => created.rewind(position - this.offset),
      });
      return savedAs(await created.commit(), options);
    } catch (thrown) {
      this.cancel();
      await sink?.abandon();
      if (isSkipped(thrown, options.ifExists)) return SKIPPED;
      throw LeatError.from(thrown, `saving ${options.shown ?? path} failed`);
    }
  }

  /** The verified blocks in order, in pieces: each comes only after the checksum of its block matched. */
  async *blocks(): AsyncGenerator<Uint8Array> {
    this.#claim();
    yield* this.#blocks();
  }

  async *#blocks(): AsyncGenerator<Uint8Array> {
    const blocks = new VerifiedBlocks();
    this.#receive({
      write: (bytes, _position, stream) => blocks.push({ bytes, stream }),
      writeHole: (zeros) => blocks.pushHole(zeros),
      verified: () => blocks.verified(),
      rewind: () => blocks.rewind(),
    }).then(
      () => blocks.end(),
      (thrown: unknown) => blocks.fail(LeatError.from(thrown)),
    );
    try {
      for await (const { bytes, stream } of blocks) {
        yield bytes;
        stream?.consumed(bytes.length, true);
      }
    } finally {
      this.cancel();
    }
  }

  /** As `blocks`. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.blocks();
  }

  /** The verified blocks as a web stream. */
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
          this.cancel(); // first: `return` would wait for the block that is on its way
          await blocks.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** All of it, in memory. @throws TOO_LARGE when memory is short */
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

  /** All of it, as UTF-8 text. @throws TOO_LARGE as `bytes`, and where a string cannot hold it */
  async text(): Promise<string> {
    const bytes = await this.bytes();
    try {
      return new TextDecoder().decode(bytes);
    } catch (thrown) {
      throw this.#tooLarge(thrown);
    }
  }

  /** Gives the rest up. Harmless when all has arrived. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
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

  async #receive(target: DownloadTarget): Promise<void> {
    await receive(this.#first, { ...this.#options, target });
    this.#isOver = true;
  }

  /** @throws INVALID_ARGUMENT the second time; the first way to take it goes on */
  #claim(): void {
    if (this.#taken) throw new LeatError("INVALID_ARGUMENT", "this download was taken already");
    this.#taken = true;
  }
}

/** For the calls of the client: users have `Client.get`. @internal */
export const createDownload = create;
