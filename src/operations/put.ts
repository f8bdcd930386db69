import { type ErrorCode, LeatError } from "../errors.ts";
import { BLOCK_SIZE, LEAST_WINDOW, RETRY_AFTER, TRANSFER_WINDOW } from "../limits.ts";
import type {
  Collision,
  Committed,
  DurabilityLevel,
  MaybePromise,
  NotDone,
  Prefix,
  Sink,
} from "../store/store.ts";
import { Incoming, type Intake } from "../transfer/incoming.ts";
import { checkHole } from "../transfer/digest.ts";
import { Pieces } from "../transfer/pieces.ts";
import type { Finish, IfExists, Put } from "../wire/gen/messages.ts";
import type { FileCrcs } from "./block-crcs.ts";
import type { Exchange, Receiving } from "./exchange.ts";

const UPLOAD_ID_LENGTH = 16;

/** Failures that to continue would only repeat. */
const FINAL = new Set<ErrorCode>(["INTERNAL", "IO_ERROR", "NO_SPACE", "QUOTA_EXCEEDED"]);

/** The stream ended while the store looked for the partial. */
const LOST = new LeatError("CONNECTION_LOST", "the client has left");

export const COLLISIONS: Readonly<Record<IfExists, Collision>> = {
  IF_EXISTS_UNSPECIFIED: "fail",
  FAIL: "fail",
  REPLACE: "replace",
  SKIP: "skip",
};

type Created = Awaited<ReturnType<Exchange["store"]["create"]>>;

/** Receives a file. Data may come while the store still opens the partial: it waits here. */
export class PutOperation implements Receiving, Intake {
  complete = false;
  readonly #request: Put;
  readonly #exchange: Exchange;
  #sink: Sink | undefined;
  /** The sink was kept or discarded. */
  #isLeft = false;
  #incoming: Incoming | undefined;
  /** Of the blocks that came, for a download of the file; none of a small one. */
  #crcs: FileCrcs | undefined;
  /** Bytes that came before the sink was open; bounded by the initial window. */
  #early: Pieces | undefined;
  #earlyFinish: Finish | undefined;
  /** Bytes that an earlier try had brought. */
  #before = 0;
  #over = false;
  /** The client gave it up: nothing is kept for another try. */
  #givenUp = false;
  #committing = false;
  /** An error that came during the commit: the reason why that fails, if it does. */
  #reason: unknown;
  /** Resolves when the file is released, once that has begun and takes time. */
  #leaving: Promise<void> | undefined;
  /** The store looks for a partial to continue; resolves when that is over, and its file released. */
  #opening: Promise<void> | undefined;

  constructor(request: Put, exchange: Exchange) {
    this.#request = request;
    this.#exchange = exchange;
    try {
      const created = this.#create();
      if (created instanceof Promise) {
        this.#opening = this.#opened(created);
      } else {
        this.#begin(created);
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  async #opened(creating: Promise<Created>): Promise<void> {
    try {
      this.#begin(await creating);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#opening = undefined;
    await this.#leaving;
  }

  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    // Behind Finish only the answer to a Resend may come, and none was sent.
    if (!this.complete) this.#take(bytes, blockCrc);
  }

  #take(bytes: Uint8Array, blockCrc: number | undefined): void {
    if (this.#over) return;
    try {
      if (this.#incoming !== undefined) return this.#incoming.data(bytes, blockCrc);
      this.#early ??= new Pieces(0, this.#request.size);
      this.#early.push(bytes, blockCrc);
    } catch (thrown) {
      this.#fail(LeatError.from(thrown, `writing ${this.#request.path} failed`));
    }
  }

  hole(length: number, crc32: number): void {
    if (this.#over) return;
    try {
      if (this.#incoming !== undefined) return this.#incoming.hole(length, crc32);
      checkHole(length, crc32);
      this.#early ??= new Pieces(0, this.#request.size);
      this.#early.pushHole(length);
    } catch (thrown) {
      this.#fail(LeatError.from(thrown, `writing ${this.#request.path} failed`));
    }
  }

  finish(finish: Finish): void {
    if (this.#over) return;
    this.complete = true;
    if (this.#sink === undefined || this.#incoming === undefined) {
      this.#earlyFinish = finish;
      return;
    }
    this.#committing = true;
    this.#leaving = this.#commit(finish, this.#sink, this.#incoming);
  }

  cancelled(keep: boolean): void {
    this.#givenUp = !keep;
  }

  abort(error: LeatError): Promise<void> | undefined {
    this.#end(error);
    return this.#leaving ?? this.#opening;
  }

  #create(): ReturnType<Exchange["store"]["create"]> {
    const { path, uploadId, size, allocated, modified, mode, ifExists, ifMatch, resume, sha256 } =
      this.#request;
    if (uploadId.length !== UPLOAD_ID_LENGTH) {
      throw new LeatError("INVALID_ARGUMENT", `upload_id has ${uploadId.length} bytes, not 16`);
    }
    const { store, durability, peer } = this.#exchange;
    return store.create(path, {
      uploadId,
      size,
      allocated: this.#exchange.takesHoles ? allocated : undefined,
      modified,
      mode,
      collision: COLLISIONS[ifExists],
      ifMatch,
      durability,
      resume: resume ? { prefix: this.#prefix(), fresh: sha256 } : undefined,
      onTakenOver: () => {
        const message = `a newer try of the upload of ${path} goes on with it`;
        this.#fail(new LeatError("UNAVAILABLE", message));
      },
      isOver: resume ? () => this.#over : undefined,
      peer,
    });
  }

  /** How the file begins. @throws INVALID_ARGUMENT */
  #prefix(): Prefix | undefined {
    const { prefixCrc32, prefixLength } = this.#request;
    if (prefixCrc32 === undefined) return undefined;
    if (prefixLength >= 1 && prefixLength <= BLOCK_SIZE) {
      return { length: prefixLength, crc32: prefixCrc32 };
    }
    const message = `prefix_length is ${prefixLength}; 1 to ${BLOCK_SIZE} bytes are compared`;
    throw new LeatError("INVALID_ARGUMENT", message);
  }

  #begin(created: Created): void {
    const { uploadId, sha256, size } = this.#request;
    const exchange = this.#exchange;
    if ("skipped" in created) {
      this.#over = true;
      exchange.receipt({ entry: created.skipped, uploadId, skipped: true });
      return;
    }
    if ("committed" in created) {
      this.#over = true;
      this.#receipt(created.committed, uploadId);
      return;
    }
    this.#sink = created;
    if (this.#over) return this.#end(LOST);
    // A small file needs no more than the stream began with.
    const wanted = Math.min(size ?? TRANSFER_WINDOW, TRANSFER_WINDOW);
    if (exchange.widen(wanted) < Math.min(wanted, LEAST_WINDOW)) {
      throw new LeatError("RESOURCE_EXHAUSTED", "no memory is left for one more upload now", {
        retryAfter: RETRY_AFTER,
      });
    }
    const { durableOffset: offset, resumed } = created;
    this.#before = offset;
    if (offset > 0 && this.#early !== undefined) {
      const message = `Data at offset 0 came before the Response, and the upload resumes at ${offset}`;
      throw new LeatError("PROTOCOL_ERROR", message);
    }
    const prefixCrc32 = resumed?.crc32 ?? 0;
    const id = resumed?.uploadId ?? uploadId;
    exchange.respond({ case: "put", value: { durableOffset: offset, prefixCrc32, uploadId: id } });
    this.#crcs = exchange.blockCrcs.coming(size);
    const length = size === undefined ? undefined : size - offset;
    const prefix = { length: offset, crc32: prefixCrc32 };
    this.#incoming = new Incoming({ offset, length, sha256, prefix }, this);
    const early = this.#early;
    this.#early = undefined;
    early?.handTo({
      data: (bytes, blockCrc) => this.#take(bytes, blockCrc),
      hole: (zeros, crc32) => this.hole(zeros, crc32),
    });
    if (this.#earlyFinish !== undefined) this.finish(this.#earlyFinish);
  }

  // ---- Intake ----

  write(bytes: Uint8Array, position: number): MaybePromise<void> {
    return this.#sink!.write(bytes, position); // open before the intake is
  }

  writeHole(length: number, position: number): MaybePromise<void> {
    return this.#sink!.writeHole!(length, position); // the store takes holes: it has said so in Welcome
  }

  onConsumed(bytes: number): void {
    this.#exchange.consumed(bytes);
  }

  onVerified(behind: number, crc: number): void {
    this.#crcs?.set(Math.ceil(behind / BLOCK_SIZE) - 1, crc);
  }

  onError(error: LeatError): void {
    this.#fail(error);
  }

  // ---- inside ----

  async #commit(finish: Finish, sink: Sink, incoming: Incoming): Promise<void> {
    try {
      await this.#commitOrThrow(finish, sink, incoming);
    } catch (thrown) {
      if (await this.#isSkipped(thrown)) return;
      this.#committing = false;
      this.#fail(this.#reason ?? thrown);
    }
  }

  /** Another upload took the name first, and the file is to stay: the answer is the same as at the start. */
  async #isSkipped(thrown: unknown): Promise<boolean> {
    const { path, ifExists, uploadId } = this.#request;
    const isTaken = thrown instanceof LeatError && thrown.code === "ALREADY_EXISTS";
    if (!isTaken || ifExists !== "SKIP") return false;
    try {
      const entry = await this.#exchange.store.stat(path);
      this.#exchange.receipt({ entry, uploadId, skipped: true });
    } catch {
      return false; // it is gone already: the error stands
    }
    this.#over = true;
    this.#crcs?.forget();
    return true;
  }

  async #commitOrThrow(finish: Finish, sink: Sink, incoming: Incoming): Promise<void> {
    const { size, uploadId, sha256 } = this.#request;
    const rest = incoming.finish(finish, incoming.position);
    if (rest !== undefined) await rest;
    if (size !== undefined && finish.size !== size) {
      throw new LeatError("SIZE_MISMATCH", `${size} bytes were declared, ${finish.size} were sent`);
    }
    const { crc32 } = incoming;
    // It was checked only where the request asked for it.
    const digest = { crc32, sha256: sha256 ? finish.sha256 : undefined };
    const entry = await sink.commit(digest);
    this.#crcs?.become(entry.version, entry.size);
    const { notDone } = entry;
    const durability = notDone?.sync === true ? "none" : this.#exchange.durability;
    this.#receipt({ entry, durability, notDone, ...digest }, sink.resumed?.uploadId ?? uploadId);
    this.#over = true;
  }

  #receipt(committed: Committed, uploadId: Uint8Array): void {
    const { entry, crc32, sha256, durability, notDone } = committed;
    const facts = { entry, uploadId, crc32, sha256 };
    this.#exchange.receipt({ ...facts, ...storedAs(durability, notDone) });
  }

  #fail(thrown: unknown): void {
    // The name may be there already: the outcome of the commit is the answer.
    if (this.#committing) {
      this.#reason ??= thrown;
      return;
    }
    const over = this.#over;
    const error = LeatError.from(thrown, `upload of ${this.#request.path} failed`);
    this.#end(error);
    if (!over) this.#exchange.fail(error);
  }

  /**
   * Nothing more is taken. A commit that runs goes on, cancelled or not: the name may be there
   * already, and then the receipt is the true answer.
   */
  #end(error: LeatError): void {
    if (this.#committing) return;
    this.#over = true;
    this.#early = undefined;
    this.#crcs?.forget();
    const sink = this.#sink;
    if (sink === undefined || this.#isLeft) return;
    this.#isLeft = true;
    this.#leave(sink, error);
  }

  /** Releases the file. The stream has its answer, whatever goes wrong with that. */
  #leave(sink: Sink, error: LeatError): void {
    const { path } = this.#request;
    const warn = (thrown: unknown): void =>
      this.#exchange.warn(LeatError.from(thrown, `cannot release the partial file of ${path}`));
    try {
      const good = this.#good(error, sink);
      // Bytes that came before are still written.
      const left = good > 0 ? sink.keep(good, this.#incoming?.settled()) : sink.discard();
      if (left !== undefined) this.#leaving = left.catch(warn);
    } catch (thrown) {
      warn(thrown);
    }
  }

  /** Bytes that another try can continue from. */
  #good(error: LeatError, sink: Sink): number {
    const { size, sha256 } = this.#request;
    // The SHA-256 of the whole cannot be continued in the middle.
    if (this.#givenUp || size === undefined || sha256 || FINAL.has(error.code)) return 0;
    // A try whose size is wrong adds nothing; bytes of earlier tries stay.
    if (error.code === "SIZE_MISMATCH") return this.#before;
    const verified = this.#incoming?.verified ?? sink.durableOffset;
    const good = verified < size ? verified - (verified % BLOCK_SIZE) : verified;
    // Less than that is sent sooner than it is found.
    return good < BLOCK_SIZE ? 0 : good;
  }
}

/** How a file was stored, as a Receipt and the outcome of an item have it. */
export function storedAs(durability: DurabilityLevel, notDone: NotDone | undefined) {
  return {
    durability: durability === "fsync" ? "DURABILITY_FSYNC" : "DURABILITY_NONE",
    modeNotSet: notDone?.mode,
    modifiedNotSet: notDone?.modified,
    notSynced: notDone?.sync,
  } as const;
}
