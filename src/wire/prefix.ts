import { LeatError } from "../errors.ts";
import { MAX_LENGTH_PREFIX } from "../limits.ts";
import type { Input } from "./input.ts";
import { INCOMPLETE } from "./varint.ts";

/** Reads the length before a message, from one chunk or byte by byte out of many. */
export class LengthPrefix {
  #value = 0;
  #scale = 1;
  #count = 0;

  /** Some bytes of a prefix were read, but not its last. */
  get begun(): boolean {
    return this.#count > 0;
  }

  /**
   * @param limit longest message accepted, in bytes
   * @param what for the sentence of an error: "message", "frame"
   * @returns the length in bytes, or INCOMPLETE
   * @throws LeatError TOO_LARGE above the limit; PROTOCOL_ERROR when the prefix does not end within
   *   MAX_LENGTH_PREFIX bytes
   */
  read(input: Input, limit: number, what: string): number {
    while (input.length > 0) {
      const byte = input.byte();
      this.#count++;
      this.#value += (byte & 127) * this.#scale;
      this.#scale *= 128;
      if (byte < 128) return this.#checked(limit, what);
      if (this.#count === MAX_LENGTH_PREFIX) {
        throw new LeatError(
          "PROTOCOL_ERROR",
          `the length of a ${what} does not end within ${MAX_LENGTH_PREFIX} bytes`,
        );
      }
    }
    return INCOMPLETE;
  }

  #checked(limit: number, what: string): number {
    const length = this.#value;
    this.#value = 0;
    this.#scale = 1;
    this.#count = 0;
    if (length <= limit) return length;
    throw new LeatError(
      "TOO_LARGE",
      `a ${what} of ${length} bytes was announced, but at most ${limit} are accepted`,
    );
  }
}
