import { LeatError } from "../errors.ts";

/** The Pings that we send, one at a time, and the round trip that they measure. */
export class Pings {
  #unanswered: { readonly nonce: number; readonly at: number } | undefined;
  #sent = 0;
  #roundTrip = 0;

  /** How many were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Milliseconds, as last measured; 0 until then. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  /** A first guess, until a Pong comes. */
  guess(roundTrip: number): void {
    this.#roundTrip = roundTrip;
  }

  /** @returns the nonce of a Ping to send; undefined while one is not answered yet */
  next(now: number): number | undefined {
    if (this.#unanswered !== undefined) return undefined;
    this.#sent += 1;
    this.#unanswered = { nonce: this.#sent, at: now };
    return this.#sent;
  }

  /** A Pong came. @returns milliseconds since its Ping @throws PROTOCOL_ERROR when none was sent */
  onPong(nonce: number, now: number): number {
    if (this.#unanswered?.nonce !== nonce) {
      throw new LeatError("PROTOCOL_ERROR", `a Pong came for nonce ${nonce}, which was not sent`);
    }
    this.#roundTrip = now - this.#unanswered.at;
    this.#unanswered = undefined;
    return this.#roundTrip;
  }
}
