/**
 * Receives a file: every byte is summed and handed to a sink in order; the checksums of every block and
 * of the whole are compared with the sender's. The caller commits the sink, and only after `finish` has
 * accepted.
 */
import { LeatError } from "../errors.ts";
import type { MaybePromise, Prefix } from "../store/store.ts";
import type { Finish } from "../wire/gen/messages.ts";
import { BLOCK_SIZE } from "../limits.ts";
import { Digest, checkBlock, checkFinish, checkHole } from "./digest.ts";
import { Pieces, behindTheEnd, tooMany } from "./pieces.ts";

/** The range that is to come. */
export interface IncomingRange {
  readonly offset: number;
  /** In bytes, when known. */
  readonly length: number | undefined;
  readonly sha256: boolean;
  /** The bytes before the offset, where Finish is to cover them as well. */
  readonly prefix?: Prefix | undefined;
}

/** The place that it goes to. */
export interface Intake {
  /** Takes bytes in order. The chunk is the sink's until it answers. */
  write(bytes: Uint8Array, position: number): MaybePromise<void>;
  /** Takes zeros in place of bytes, as `write` does. @param length in bytes */
  writeHole(length: number, position: number): MaybePromise<void>;
  /** The sink has taken bytes: the sender may get credit for as many. */
  onConsumed(bytes: number): void;
  /** A write failed later. */
  onError(error: LeatError): void;
  /** The checksum of a block, or of the end of the range, matched. @param behind its last byte */
  onVerified(behind: number, blockCrc: number): void;
  /** A hole came, with the right checksum. @param length in bytes */
  onHole?(length: number): void;
}

const NOTHING = new Uint8Array(0);

export class Incoming {
  readonly #range: IncomingRange;
  readonly #intake: Intake;
  readonly #digest: Digest;
  readonly #end: number;
  #position: number;
  #verified: number;
  /** A CRC came that was not at the end of a block: nothing may follow. */
  #rangeEnded = false;
  /** Writes that the sink has not answered yet; resolves behind the last one, whether it worked or not. */
  #writing: Promise<void> | undefined;
  /** Bytes that came meanwhile; made when there are any. */
  #waiting: Pieces | undefined;
  #failed: LeatError | undefined;

  constructor(range: IncomingRange, intake: Intake) {
    const { offset, length } = range;
    this.#range = range;
    this.#intake = intake;
    this.#digest = new Digest(range.sha256, range.prefix);
    this.#position = offset;
    this.#verified = offset;
    this.#end = length === undefined ? Number.MAX_SAFE_INTEGER : offset + length;
  }

  /** CRC of what came so far. */
  get crc32(): number {
    return this.#digest.crc32;
  }

  /**
   * The next bytes.
   * @param blockCrc the CRC of the block that ends here, when it came
   * @throws SIZE_MISMATCH, CHECKSUM_MISMATCH, PROTOCOL_ERROR, and errors of the sink
   */
  data(bytes: Uint8Array, blockCrc: number | undefined): void {
    const behind = this.#behind(bytes.length);
    this.#digest.update(bytes);
    this.#write(bytes, 0);
    this.#position = behind;
    if (blockCrc !== undefined) {
      checkBlock(behind, blockCrc, this.#digest.endBlock());
      this.#rangeEnded = behind % BLOCK_SIZE !== 0;
      this.#verified = behind;
      this.#intake.onVerified(behind, blockCrc);
    } else if (behind % BLOCK_SIZE === 0) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `the block that ends at ${behind} came without its CRC`,
      );
    }
  }

  /**
   * Zeros in place of the next bytes, from the start of a block on.
   * @param length in bytes
   * @throws as `data`
   */
  hole(length: number, crc32: number): void {
    const behind = this.#behind(length);
    if (this.#range.sha256) {
      const message = "a hole came in a transfer with SHA-256, which takes every byte";
      throw new LeatError("PROTOCOL_ERROR", message);
    }
    checkHole(length, crc32);
    this.#digest.skip(crc32, length);
    this.#write(NOTHING, length);
    this.#position = behind;
    this.#rangeEnded = behind % BLOCK_SIZE !== 0;
    this.#verified = behind;
    this.#intake.onHole?.(length);
  }

  /** @returns the position behind the next bytes @throws SIZE_MISMATCH, PROTOCOL_ERROR */
  #behind(length: number): number {
    const behind = this.#position + length;
    if (behind > this.#end) throw tooMany(this.#end - this.#range.offset);
    if (this.#rangeEnded) throw behindTheEnd();
    return behind;
  }

  /**
   * Nothing more comes.
   * @returns undefined when the sink has everything already; else resolves when it does
   * @throws as `checkFinish`; SIZE_MISMATCH when less came than was declared; PROTOCOL_ERROR when the
   *   last of a declared length came without its CRC; what a write threw
   */
  finish(finish: Finish, size: number): MaybePromise<void> {
    const { length, offset } = this.#range;
    const bytes = this.#position - offset;
    if (length !== undefined && bytes !== length) {
      const message = `${bytes} bytes arrived where ${length} were declared`;
      throw new LeatError("SIZE_MISMATCH", message);
    }
    if (length !== undefined && this.#verified !== this.#position) {
      const message = `the Data that ends the range at ${this.#position} came without its CRC`;
      throw new LeatError("PROTOCOL_ERROR", message);
    }
    checkFinish(finish, size, this.#digest);
    if (this.#writing !== undefined) return this.#writing.then(() => this.#check());
    this.#check();
  }

  #check(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  /** Resolves when the sink is done with all that it got, whether it worked or not. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Behind the last byte of the last block whose checksum matched. */
  get verified(): number {
    return this.#verified;
  }

  get position(): number {
    return this.#position;
  }

  /** Writes the next bytes, or so many zeros. */
  #write(bytes: Uint8Array, zeros: number): void {
    this.#check();
    if (this.#writing !== undefined) {
      this.#waiting ??= new Pieces(this.#position);
      return zeros > 0 ? this.#waiting.pushHole(zeros) : this.#waiting.push(bytes);
    }
    const { length } = bytes;
    const position = this.#position;
    const written = this.#writeAt(position, bytes, zeros);
    if (written !== undefined) {
      this.#writing = this.#writeOn(written, length, position + length + zeros);
    } else if (zeros === 0) this.#intake.onConsumed(length);
  }

  #writeAt(position: number, bytes: Uint8Array, zeros: number): MaybePromise<void> {
    if (zeros > 0) return this.#intake.writeHole(zeros, position);
    return this.#intake.write(bytes, position);
  }

  /** Writes what waits, piece by piece, behind a write that has begun. */
  async #writeOn(begun: Promise<void>, length: number, behind: number): Promise<void> {
    const intake = this.#intake;
    let position = behind;
    try {
      await begun;
      if (length > 0) intake.onConsumed(length);
      for (let next = this.#waiting?.shift(); next; next = this.#waiting?.shift()) {
        const { bytes, zeros } = next;
        await this.#writeAt(position, bytes, zeros);
        position += bytes.length + zeros;
        if (zeros === 0) intake.onConsumed(bytes.length);
      }
    } catch (thrown) {
      this.#failed = LeatError.from(thrown, "writing the file failed");
      intake.onError(this.#failed);
    }
    this.#waiting = undefined;
    this.#writing = undefined;
  }
}
