/**
 * A file on its way in: every byte is summed and handed to a sink in order, every block and the
 * whole are compared with what the sender says. The sink is committed by the caller, and only after
 * `finish` accepted.
 */
import { LeatError } from "../errors.ts";
import type { MaybePromise } from "../store/store.ts";
import type { Finish } from "../wire/gen/messages.ts";
import { BLOCK_SIZE } from "../limits.ts";
import { Digest, checkBlock, checkFinish } from "./digest.ts";

/** Takes bytes in order. The chunk is the sink's until it answers. */
export type WriteChunk = (bytes: Uint8Array, position: number) => MaybePromise<void>;

export interface IncomingOptions {
  readonly offset: number;
  /** Bytes that will come, when known. */
  readonly length: number | undefined;
  readonly sha256: boolean;
  readonly write: WriteChunk;
  /** Bytes are with the sink: the sender may get credit for as many. */
  readonly onConsumed: (bytes: number) => void;
  /** A write failed later. */
  readonly onError: (error: LeatError) => void;
}

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #digest: Digest;
  readonly #end: number;
  #position: number;
  /** The last write that has not answered; later ones stand behind it. */
  #writing: Promise<void> | undefined;
  #failed = false;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#digest = new Digest(options.sha256);
    this.#position = options.offset;
    this.#end =
      options.length === undefined ? Number.MAX_SAFE_INTEGER : options.offset + options.length;
  }

  /** CRC of what came so far. */
  get crc32(): number {
    return this.#digest.crc32;
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#digest.bytes;
  }

  /**
   * The next bytes.
   * @param blockCrc the CRC of the block that ends here, when it came
   * @throws SIZE_MISMATCH, CHECKSUM_MISMATCH, PROTOCOL_ERROR, and what the sink throws
   */
  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    const behind = this.#position + bytes.length;
    if (behind > this.#end) {
      throw new LeatError("SIZE_MISMATCH", `more than the ${this.#end} declared bytes arrived`);
    }
    this.#digest.update(bytes);
    this.#write(bytes, this.#position);
    this.#position = behind;
    if (blockCrc !== undefined) checkBlock(behind, blockCrc, this.#digest.endBlock());
    else if (behind % BLOCK_SIZE === 0) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `the block that ends at ${behind} came without its CRC`,
      );
    }
  }

  /** Nothing more comes. Resolves when the sink has everything. @throws as `checkFinish` */
  async finish(finish: Finish, size: number): Promise<void> {
    checkFinish(finish, size, this.#digest);
    await this.#writing;
  }

  get position(): number {
    return this.#position;
  }

  #write(bytes: Uint8Array, position: number): void {
    const { write, onConsumed } = this.#options;
    if (this.#writing === undefined) {
      const written = write(bytes, position);
      if (written === undefined) return onConsumed(bytes.length);
      this.#writing = this.#settle(written, bytes.length);
    } else {
      this.#writing = this.#settle(
        this.#writing.then(() => (this.#failed ? undefined : write(bytes, position))),
        bytes.length,
      );
    }
  }

  #settle(written: Promise<void>, length: number): Promise<void> {
    const settled = written.then(
      () => {
        if (this.#writing === settled) this.#writing = undefined;
        this.#options.onConsumed(length);
      },
      (thrown: unknown) => {
        if (this.#failed) return;
        this.#failed = true;
        this.#options.onError(LeatError.from(thrown, "writing the file failed"));
      },
    );
    return settled;
  }
}
