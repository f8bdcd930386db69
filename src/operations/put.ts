import { LeatError } from "../errors.ts";
import { LEAST_WINDOW, RETRY_AFTER, TRANSFER_WINDOW } from "../limits.ts";
import type { Collision, Sink, StoreEntry } from "../store/store.ts";
import { Incoming } from "../transfer/incoming.ts";
import type { Finish, IfExists, Put } from "../wire/gen/messages.ts";
import type { Exchange, Receiving } from "./exchange.ts";

const UPLOAD_ID_LENGTH = 16;

const COLLISIONS: Readonly<Record<IfExists, Collision>> = {
  IF_EXISTS_UNSPECIFIED: "fail",
  FAIL: "fail",
  REPLACE: "replace",
  SKIP: "skip",
};

/** Receives a file. Data may come while the store still opens the partial: it waits here. */
export class PutOperation implements Receiving {
  readonly #request: Put;
  readonly #exchange: Exchange;
  #sink: Sink | undefined;
  #incoming: Incoming | undefined;
  /** What came before the sink was there; bounded by the initial window. */
  #early: (() => void)[] = [];
  #over = false;
  #finished = false;
  #committing = false;
  /** Resolves when the file is let go of, once that has begun and takes time. */
  #leaving: Promise<void> | undefined;

  constructor(request: Put, exchange: Exchange) {
    this.#request = request;
    this.#exchange = exchange;
    try {
      const created = this.#create();
      if (created instanceof Promise) {
        created.then(
          (sink) => this.#guard(() => this.#begin(sink)),
          (thrown: unknown) => this.#fail(thrown),
        );
      } else {
        this.#begin(created);
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  get complete(): boolean {
    return this.#finished;
  }

  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    // Behind Finish only a Resend is answered, and none was sent: what is checked stays as it is.
    if (this.#over || this.#finished) return;
    if (this.#incoming === undefined) this.#early.push(() => this.#take(bytes, blockCrc));
    else this.#take(bytes, blockCrc);
  }

  #take(bytes: Uint8Array, blockCrc: number | undefined): void {
    if (this.#over) return;
    const doing = `writing ${this.#request.path} failed`;
    this.#guard(() => this.#incoming?.data(bytes, blockCrc), doing);
  }

  finish(finish: Finish): void {
    if (this.#over) return;
    this.#finished = true;
    if (this.#sink === undefined || this.#incoming === undefined) {
      this.#early.push(() => this.finish(finish));
      return;
    }
    this.#committing = true;
    this.#leaving = this.#commit(finish, this.#sink, this.#incoming).catch((thrown: unknown) =>
      this.#fail(thrown),
    );
  }

  abort(_error: LeatError): Promise<void> | undefined {
    this.#end();
    return this.#leaving;
  }

  #create(): ReturnType<Exchange["store"]["create"]> {
    const { path, uploadId, size, modified, ifExists, ifMatch, resume } = this.#request;
    if (uploadId.length !== UPLOAD_ID_LENGTH) {
      throw new LeatError("INVALID_ARGUMENT", `upload_id has ${uploadId.length} bytes, not 16`);
    }
    if (resume) throw new LeatError("UNIMPLEMENTED", "resuming an upload is not served yet");
    const { store, durability } = this.#exchange;
    const collision = COLLISIONS[ifExists];
    return store.create(path, { uploadId, size, modified, collision, ifMatch, durability });
  }

  #begin(created: Sink | { readonly skipped: StoreEntry }): void {
    const { uploadId, sha256, size } = this.#request;
    const exchange = this.#exchange;
    if ("skipped" in created) {
      this.#over = true;
      exchange.receipt({ entry: created.skipped, uploadId, skipped: true });
      return;
    }
    this.#sink = created;
    if (this.#over) return this.#end();
    // A small file needs no more than the stream began with.
    const wanted = Math.min(size ?? TRANSFER_WINDOW, TRANSFER_WINDOW);
    if (exchange.widen(wanted) < Math.min(wanted, LEAST_WINDOW)) {
      throw new LeatError("RESOURCE_EXHAUSTED", "no memory is left for one more upload now", {
        retryAfter: RETRY_AFTER,
      });
    }
    exchange.respond({ case: "put", value: { durableOffset: 0, uploadId } });
    this.#incoming = new Incoming({
      offset: 0,
      length: size,
      sha256,
      write: (bytes, position) => created.write(bytes, position),
      onConsumed: (bytes) => exchange.consumed(bytes),
      onError: (error) => this.#fail(error),
    });
    const early = this.#early;
    this.#early = [];
    for (const step of early) step();
  }

  async #commit(finish: Finish, sink: Sink, incoming: Incoming): Promise<void> {
    const { size, uploadId, sha256 } = this.#request;
    await incoming.finish(finish, incoming.position);
    if (size !== undefined && finish.size !== size) {
      throw new LeatError("SIZE_MISMATCH", `${size} bytes were declared, ${finish.size} were sent`);
    }
    const entry = await sink.commit();
    this.#exchange.receipt({
      entry,
      uploadId,
      crc32: incoming.crc32,
      durability: this.#exchange.durability === "fsync" ? "DURABILITY_FSYNC" : "DURABILITY_NONE",
      // Without having been asked for, it was not checked.
      ...(sha256 ? { sha256: finish.sha256 } : {}),
    });
    this.#over = true;
  }

  #guard(step: () => void, doing?: string): void {
    try {
      step();
    } catch (thrown) {
      this.#fail(doing === undefined ? thrown : LeatError.from(thrown, doing));
    }
  }

  #fail(thrown: unknown): void {
    const over = this.#over;
    this.#committing = false;
    this.#end();
    if (!over)
      this.#exchange.fail(LeatError.from(thrown, `upload of ${this.#request.path} failed`));
  }

  /**
   * Nothing more is taken. A commit that runs goes on, cancelled or not: the name may be there
   * already, and then the receipt is the true answer.
   */
  #end(): void {
    if (this.#committing) return;
    this.#over = true;
    this.#early = [];
    const sink = this.#sink;
    this.#sink = undefined;
    const discarded = sink?.discard();
    if (discarded !== undefined) this.#leaving = discarded.catch(() => {});
  }
}
