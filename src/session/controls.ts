/**
 * Encoded frames besides Data that wait to be sent. They are sent before Data, in order. Their bytes
 * are counted: a server stops reading from a peer that does not take its answers.
 */
export class Controls {
  #frames: Uint8Array[] = [];
  /** Frames before this index are sent. */
  #next = 0;
  /** Bytes of frame `#next` that are sent. */
  #offset = 0;
  #bytes = 0;
  /** Bytes sent since the beginning. */
  #sent = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns a ticket for `isSent` */
  push(frame: Uint8Array): number {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return this.#sent + this.#bytes;
  }

  /** Whether all of a frame is sent. @param ticket of `push` */
  isSent(ticket: number): boolean {
    return this.#sent >= ticket;
  }

  /**
   * Moves what fits into into[at, end); a frame may be cut, its rest comes first next time.
   * @returns the position behind the last byte
   */
  fill(into: Uint8Array, at: number, end: number): number {
    let position = at;
    while (position < end) {
      const frame = this.#frames[this.#next];
      if (frame === undefined) break;
      const count = Math.min(frame.length - this.#offset, end - position);
      into.set(
        this.#offset === 0 && count === frame.length
          ? frame
          : frame.subarray(this.#offset, this.#offset + count),
        position,
      );
      position += count;
      this.#offset += count;
      if (this.#offset === frame.length) this.#advance();
    }
    this.#bytes -= position - at;
    this.#sent += position - at;
    return position;
  }

  #advance(): void {
    const frames = this.#frames;
    this.#offset = 0;
    this.#next += 1;
    if (this.#next === frames.length) {
      this.#frames = [];
      this.#next = 0;
    } else if (this.#next >= 1024) {
      frames.splice(0, this.#next);
      this.#next = 0;
    }
  }
}
