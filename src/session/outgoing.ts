/** The bytes that one stream sends, as the session pulls them. */
import type { FileRegion } from "../file-region.ts";
import type { FrameBodyInit } from "../wire/frame.ts";

export type FinishInit = Extract<FrameBodyInit, { case: "finish" }>["value"];

export interface Outgoing {
  /** Bytes that `take` can give now. 0 while more are fetched: then `Session.offer` is called. */
  readonly available: number;
  /** Whether everything was taken, so that `finish` may be asked. */
  readonly done: boolean;
  /** Whether the range ends behind the next `length` bytes. */
  ends(length: number): boolean;
  /**
   * Puts the next bytes, exactly `length`, into into[at, at + length).
   * @throws CHANGED when the file has fewer
   */
  take(into: Uint8Array, at: number, length: number): void;
  /**
   * In place of `take`: puts the next bytes, at most `most`, into into[at, at + most). For bytes that are made while
   * they are taken.
   * @returns how many; 0 where none are there now
   */
  make?(into: Uint8Array, at: number, most: number): number;
  /**
   * In place of `take`: the next bytes, exactly `length`, without a buffer.
   * @returns undefined where they have to be taken
   * @throws CHANGED
   */
  region?(length: number): FileRegion | undefined;
  /**
   * Takes the zeros that come next, in whole blocks of the file, where it has a hole there: nothing of it has to be sent.
   * Asked at the start of each block, with a peer that takes holes.
   * @returns undefined where bytes come next
   */
  takeHole?(): OutgoingHole | undefined;
  /** Closes the block (or the range). @returns CRC-32 of its bytes that were taken */
  endBlock(): number;
  /**
   * @returns undefined while that is not known yet: it is not `done` until `Session.offer` is called
   * @throws CHANGED when what was sent is not what the file is now
   */
  finish(): FinishInit | undefined;
  /** The answer of `finish`; undefined until then. */
  readonly finished?: FinishInit | undefined;
  /**
   * Puts bytes that were taken before into into[at, at + length) once more; zeros where the file
   * no longer has them. Throws nothing. Missing where they cannot be read twice.
   * @param position of the first byte in the file
   */
  retake?(into: Uint8Array, at: number, length: number, position: number): void;
  /** `retake` would give zeros only: the file is closed. */
  readonly released: boolean;
  /** The stream ended, whichever way. Throws nothing. */
  release(): void;
}

/** Zeros that were taken. */
export interface OutgoingHole {
  /** Bytes: whole blocks, except at the end of the range. */
  readonly length: number;
  /** Of as many zeros. */
  readonly crc32: number;
}

/** The payload of one Data frame in a send buffer, which can be dropped and taken again. */
export interface BufferedPayload {
  readonly outgoing: Outgoing;
  /** First byte in the buffer. */
  readonly start: number;
  readonly length: number;
  /** Of the first byte in the file. */
  readonly position: number;
}
