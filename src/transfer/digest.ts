/** The checksums of a range of a file as its bytes go by: of the current block, and of the whole. */
import { LeatError } from "../errors.ts";
import { type Hash, crc32, createSha256 } from "../hash.ts";
import { BLOCK_SIZE } from "../limits.ts";
import type { FinishInit } from "../session/outgoing.ts";
import type { Prefix } from "../store/store.ts";
import type { Finish } from "../wire/gen/messages.ts";
import { crc32Join, crc32OfZeros } from "../crc32.ts";

const NOTHING: Prefix = { length: 0, crc32: 0 };

export class Digest {
  #block = 0;
  #blockLength = 0;
  #whole = 0;
  #bytes = 0;
  readonly #sha256: Hash | undefined;

  /**
   * @param sha256 whether the SHA-256 is wanted, too: a tenth of the speed
   * @param before what comes before these bytes and counts as well, in whole blocks
   */
  constructor(sha256: boolean, before: Prefix = NOTHING) {
    this.#whole = before.crc32;
    this.#bytes = before.length;
    this.#sha256 = sha256 ? createSha256() : undefined;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  update(bytes: Uint8Array): void {
    this.#block = crc32(bytes, this.#block);
    this.#blockLength += bytes.length;
    this.#bytes += bytes.length;
    this.#sha256?.update(bytes);
  }

  /** A whole block, of which the CRC is known already. @param length in bytes */
  skip(crc: number, length: number): void {
    this.#whole = crc32Join(this.#whole, crc, length);
    this.#bytes += length;
  }

  /** Zeros in place of bytes. Not where the SHA-256 is wanted. @param length in bytes */
  zeros(length: number): void {
    this.endBlock();
    this.skip(crc32OfZeros(length), length);
  }

  /** Ends the current block. @returns its CRC */
  endBlock(): number {
    const block = this.#block;
    this.#whole = crc32Join(this.#whole, block, this.#blockLength);
    this.#block = 0;
    this.#blockLength = 0;
    return block;
  }

  /** The CRC of everything, an open block included. */
  get crc32(): number {
    return crc32Join(this.#whole, this.#block, this.#blockLength);
  }

  /** The SHA-256 of everything; undefined unless wanted. Asked once. */
  get sha256(): Uint8Array | undefined {
    return this.#sha256?.digest();
  }

  /** The Finish behind these bytes. Asked once. */
  finish(): FinishInit {
    return { size: this.#bytes, crc32: this.crc32, sha256: this.sha256 };
  }
}

/** Checks the CRC that came with a Data frame. @throws CHECKSUM_MISMATCH */
export function checkBlock(offset: number, theirs: number, ours: number): void {
  if (theirs === ours) return;
  const block = Math.floor((offset - 1) / BLOCK_SIZE);
  throw new LeatError(
    "CHECKSUM_MISMATCH",
    `block ${block} arrived damaged: CRC-32 ${hex(ours)} where ${hex(theirs)} was sent`,
  );
}

/** Checks the CRC of a Hole. @throws CHECKSUM_MISMATCH */
export function checkHole(length: number, theirs: number): void {
  const ours = crc32OfZeros(length);
  if (theirs === ours) return;
  throw new LeatError(
    "CHECKSUM_MISMATCH",
    `a hole arrived damaged: ${length} zeros have the CRC-32 ${hex(ours)}, and ${hex(theirs)} was sent`,
  );
}

/**
 * Checks a Finish against what arrived.
 * @throws SIZE_MISMATCH, CHECKSUM_MISMATCH, PROTOCOL_ERROR
 */
export function checkFinish(finish: Finish, size: number, digest: Digest): void {
  if (finish.size === undefined || finish.crc32 === undefined) {
    throw new LeatError("PROTOCOL_ERROR", "Finish came without size or CRC-32");
  }
  if (finish.size !== size) {
    throw new LeatError("SIZE_MISMATCH", `${size} bytes arrived where ${finish.size} were sent`);
  }
  if (finish.crc32 !== digest.crc32) {
    throw new LeatError(
      "CHECKSUM_MISMATCH",
      `the whole arrived damaged: CRC-32 ${hex(digest.crc32)} where ${hex(finish.crc32)} was sent`,
    );
  }
  const sha256 = digest.sha256;
  if (sha256 === undefined) return;
  if (finish.sha256 === undefined) {
    throw new LeatError("PROTOCOL_ERROR", "Finish came without the SHA-256 that was asked for");
  }
  if (!Buffer.from(sha256).equals(finish.sha256)) {
    throw new LeatError("CHECKSUM_MISMATCH", "the whole arrived damaged: its SHA-256 is another");
  }
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");
