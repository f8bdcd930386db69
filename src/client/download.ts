/**
 * A file on its way to us. Nothing is asked for twice and nothing is held beyond the window: bytes
 * wait here, unacknowledged, until a way to take them is chosen: `save`, `bytes`, `text`, `stream`,
 * or iterating over verified blocks.
 */
import { LeatError } from "../errors.ts";
import { createLocalFile } from "../store/local-file.ts";
import type { Collision, DurabilityLevel, Sink, StoreEntry } from "../store/store.ts";
import { Incoming } from "../transfer/incoming.ts";
import type { Finish } from "../wire/gen/messages.ts";
import { VerifiedBlocks } from "./verified-blocks.ts";

export interface SaveOptions {
  /** When the name is taken: `replace`, the default, does so atomically. */
  readonly ifExists?: Collision;
  /** `fsync`, the default: when this resolves, the file is on disk. */
  readonly durability?: DurabilityLevel;
}

/** The stream behind a download. */
export interface DownloadStream {
  /** Bytes were taken: the server may send as many more. @param kept they may still be looked at */
  consumed(bytes: number, kept: boolean): void;
  /** Gives the download up. */
  cancel(): void;
}

type Event =
  { readonly bytes: Uint8Array; readonly crc32: number | undefined } | { readonly finish: Finish };

/** Takes what arrives, once chosen. */
interface Taker {
  data(bytes: Uint8Array, crc32: number | undefined): void;
  finish(finish: Finish): void;
  failed(error: LeatError): void;
}

export class Download implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The whole file, as the server has it. */
  readonly entry: StoreEntry;
  /** First byte that is sent. */
  readonly offset: number;
  /** Bytes that are sent. */
  readonly length: number;
  readonly #stream: DownloadStream;
  readonly #sha256: boolean;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  #early: Event[] = [];
  #taker: Taker | undefined;
  #error: LeatError | undefined;
  #taken = false;
  #over = false;
  #arrived = 0;

  /** Made by `Client.get`. */
  constructor(
    head: { readonly entry: StoreEntry; readonly offset: number; readonly length: number },
    options: {
      readonly stream: DownloadStream;
      readonly sha256: boolean;
      readonly onProgress: ((bytes: number) => void) | undefined;
    },
  ) {
    this.entry = head.entry;
    this.offset = head.offset;
    this.length = head.length;
    this.#stream = options.stream;
    this.#sha256 = options.sha256;
    this.#onProgress = options.onProgress;
  }

  /**
   * Writes the file, whole and verified or not at all, through a partial file beside it.
   * @param target a path, or a file of `Bun.file`
   */
  async save(target: string | Bun.BunFile, options: SaveOptions = {}): Promise<void> {
    const path = typeof target === "string" ? target : target.name;
    if (path === undefined) throw new LeatError("INVALID_ARGUMENT", "the target has no path");
    this.#claim();
    let sink: Sink | undefined;
    try {
      const created = await createLocalFile(path, {
        collision: options.ifExists ?? "replace",
        durability: options.durability ?? "fsync",
        modified: this.entry.modified,
        size: this.length,
      });
      if ("skipped" in created) return this.cancel();
      sink = created;
      await this.#into(created, path);
      await created.commit();
    } catch (thrown) {
      this.cancel();
      await sink?.discard();
      throw LeatError.from(thrown, `saving ${path} failed`);
    }
  }

  /** Verified blocks, in order: pieces of a block come only after its checksum matched. */
  async *blocks(): AsyncGenerator<Uint8Array> {
    this.#claim();
    const blocks = new VerifiedBlocks();
    const incoming = this.#incoming((bytes) => blocks.push(bytes));
    this.#take({
      data: (bytes, crc32) => {
        incoming.data(bytes, crc32);
        if (crc32 !== undefined) blocks.verified();
      },
      finish: (finish) => {
        incoming.finish(finish, this.length).then(
          () => blocks.end(),
          (thrown: unknown) => blocks.fail(LeatError.from(thrown)),
        );
      },
      failed: (error) => blocks.fail(error),
    });
    try {
      for await (const bytes of blocks) {
        yield bytes;
        this.#stream.consumed(bytes.length, true);
      }
    } finally {
      this.cancel();
    }
  }

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
        async cancel() {
          await blocks.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Everything, in memory. */
  async bytes(): Promise<Uint8Array> {
    const all = new Uint8Array(this.length);
    let at = 0;
    for await (const bytes of this.blocks()) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** Gives the rest up. Harmless when there is none. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#early = [];
    this.#stream.cancel();
    this.#error = new LeatError("CANCELLED", `the download of ${this.entry.name} was given up`);
    this.#taker?.failed(this.#error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  // ---- called by the client as frames arrive ----

  /** @internal */
  onData(bytes: Uint8Array, crc32: number | undefined): void {
    if (this.#over) return;
    this.#arrived += bytes.length;
    this.#onProgress?.(this.#arrived);
    if (this.#taker === undefined) this.#early.push({ bytes, crc32 });
    else this.#tell((taker) => taker.data(bytes, crc32));
  }

  /** @internal */
  onFinish(finish: Finish): void {
    if (this.#taker === undefined) this.#early.push({ finish });
    else this.#finish(finish);
  }

  /** @internal */
  onFailed(error: LeatError): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#taker?.failed(error);
  }

  #finish(finish: Finish): void {
    this.#over = true;
    this.#tell((taker) => taker.finish(finish));
  }

  /** Runs everything into a sink. Resolves when all is there and matched. */
  #into(sink: Sink, path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const incoming = this.#incoming(
        (bytes, position) => sink.write(bytes, position - this.offset),
        reject,
        (bytes) => this.#stream.consumed(bytes, false),
      );
      this.#take({
        data: (bytes, crc32) => incoming.data(bytes, crc32),
        finish: (finish) => void incoming.finish(finish, this.length).then(resolve, reject),
        failed: (error) => reject(LeatError.from(error, `saving ${path} failed`)),
      });
    });
  }

  #incoming(
    write: (bytes: Uint8Array, position: number) => void | Promise<void>,
    onError: (error: LeatError) => void = () => {},
    onConsumed: (bytes: number) => void = () => {},
  ): Incoming {
    const { offset, length } = this;
    return new Incoming({ offset, length, sha256: this.#sha256, write, onError, onConsumed });
  }

  /** @throws INVALID_ARGUMENT the second time, and what was begun goes on */
  #claim(): void {
    if (this.#taken) throw new LeatError("INVALID_ARGUMENT", "this download was taken already");
    this.#taken = true;
  }

  /** Chooses how the bytes are taken; hands over what came before. */
  #take(taker: Taker): void {
    this.#taker = taker;
    const early = this.#early;
    this.#early = [];
    for (const event of early) {
      if ("finish" in event) this.#finish(event.finish);
      else this.#tell((current) => current.data(event.bytes, event.crc32));
    }
    if (this.#error !== undefined) taker.failed(this.#error);
  }

  #tell(step: (taker: Taker) => void): void {
    const taker = this.#taker;
    if (taker === undefined) return;
    try {
      step(taker);
    } catch (thrown) {
      this.#taker = undefined;
      this.cancel();
      taker.failed(LeatError.from(thrown));
    }
  }
}
