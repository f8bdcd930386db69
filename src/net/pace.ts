/**
 * How much to put into one write on a slow link, so that one stream's Data never holds up the others
 * for much longer than DATA_FRAME_TIME. The rate is measured from one full socket to the next.
 */
import { DATA_FRAME_TIME, DATA_PAYLOAD_LEAST, LARGE_PAYLOAD, PAYLOAD_GRAIN } from "../limits.ts";

export class Pace {
  readonly #first: number;
  #since = 0;
  #sent = 0;
  /** Bytes a millisecond; 0 until measured. */
  #rate = 0;

  /** @param first payload bytes of a write until it is measured */
  constructor(first: number) {
    this.#first = first;
  }

  /** Bytes were accepted. */
  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** The socket was full and takes bytes again. @param now milliseconds */
  drained(now: number): void {
    const elapsed = now - this.#since;
    if (this.#since > 0 && elapsed > 0) {
      const rate = this.#sent / elapsed;
      this.#rate = this.#rate === 0 ? rate : (3 * this.#rate + rate) / 4;
    }
    this.#since = now;
    this.#sent = 0;
  }

  /** There was nothing to send: the time until now does not measure the link. */
  idle(): void {
    this.#since = 0;
    this.#sent = 0;
  }

  /** Payload bytes that one write should hold at most. */
  get payload(): number {
    if (this.#rate === 0) return this.#first;
    const fitting = this.#rate * DATA_FRAME_TIME;
    if (fitting >= LARGE_PAYLOAD) return LARGE_PAYLOAD;
    // Whole sixteenths of a block: frames keep cutting the file at the same places.
    return Math.max(DATA_PAYLOAD_LEAST, Math.floor(fitting / PAYLOAD_GRAIN) * PAYLOAD_GRAIN);
  }
}
