import { DATA_CRC32, DATA_OFFSET, DATA_PAYLOAD, FRAME_DATA, FRAME_STREAM } from "./frame.ts";
import { INCOMPLETE, MAX_VARINT, NOT_CANONICAL, readVarint, varintLength } from "./varint.ts";

/** More bytes are needed; this is the head of a Data frame; this is anything else. */
export type HeadVerdict = "more" | "data" | "other";

/** A verdict needs no more bytes than this: four tags with a varint each, and the CRC. */
export const MAX_HEAD_READ = 4 * (1 + MAX_VARINT) + 5;

const EMPTY = new Uint8Array(0);

/** The field is not the next one. */
const ABSENT = -3;

/**
 * Reads the head of a Data frame in the one shape of the fast path: fields in ascending order, each
 * at most once and in its shortest form, zeros omitted or explicit, payload the end of Data and
 * Data the end of Frame. Other forms that protobuf allows are "other", and left to protobufjs.
 *
 * One object per decoder, filled anew by each `read`: reading allocates nothing.
 */
export class DataHead {
  stream = 0;
  offset = 0;
  crc32: number | undefined = undefined;
  payloadLength = 0;
  /** Bytes of the frame before the payload. */
  length = 0;

  #bytes: Uint8Array = EMPTY;
  #at = 0;
  /** The bytes of the frame that have arrived end here. */
  #limit = 0;
  /** The frame ends here. */
  #end = 0;

  /**
   * @param bytes the frame begins at `from`, without its length prefix
   * @param to what has arrived ends here
   * @param frameLength as the prefix says
   * @returns "data" once the fields are filled
   */
  read(bytes: Uint8Array, from: number, to: number, frameLength: number): HeadVerdict {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = from + frameLength;
    this.#limit = Math.min(to, this.#end);
    const verdict = this.#frame();
    this.#bytes = EMPTY; // its chunk may be large
    this.length = this.#at - from;
    // A whole frame that lacks bytes is a broken one: protobufjs says how.
    return verdict === "more" && to >= this.#end ? "other" : verdict;
  }

  #frame(): HeadVerdict {
    const stream = this.#varintField(FRAME_STREAM);
    if (stream === INCOMPLETE) return "more";
    if (stream === NOT_CANONICAL || stream > 0xffff_ffff) return "other";
    const data = this.#varintField(FRAME_DATA);
    if (data === INCOMPLETE) return "more";
    if (data < 0 || this.#at + data !== this.#end) return "other";
    this.stream = stream === ABSENT ? 0 : stream;
    return this.#data();
  }

  #data(): HeadVerdict {
    const offset = this.#varintField(DATA_OFFSET);
    if (offset === INCOMPLETE) return "more";
    if (offset === NOT_CANONICAL) return "other";
    if (!this.#crc32Field()) return "more";
    const payload = this.#varintField(DATA_PAYLOAD);
    if (payload === INCOMPLETE) return "more";
    this.offset = offset === ABSENT ? 0 : offset;
    this.payloadLength = payload === ABSENT ? 0 : payload;
    return this.#at + this.payloadLength === this.#end ? "data" : "other";
  }

  /** @returns the value, or ABSENT, INCOMPLETE or NOT_CANONICAL */
  #varintField(tag: number): number {
    if (this.#at === this.#end) return ABSENT;
    if (this.#at === this.#limit) return INCOMPLETE;
    if (this.#bytes[this.#at] !== tag) return ABSENT;
    const value = readVarint(this.#bytes, this.#at + 1, this.#limit);
    if (value >= 0) this.#at += 1 + varintLength(value);
    return value;
  }

  /** @returns false when more bytes are needed */
  #crc32Field(): boolean {
    this.crc32 = undefined;
    if (this.#at === this.#end) return true;
    if (this.#at === this.#limit) return false;
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes[at] !== DATA_CRC32) return true;
    if (at + 5 > this.#limit) return false;
    const low = bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16);
    this.crc32 = (low | (bytes[at + 4]! << 24)) >>> 0;
    this.#at = at + 5;
    return true;
  }
}
