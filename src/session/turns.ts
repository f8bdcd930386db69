/** Which stream sends next: round robin over the streams that have data ready and credit to send it. */
export class Turns<T> {
  readonly #waiting = new Set<T>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Puts a stream at the end of the line, unless it stands in it. */
  add(stream: T): void {
    this.#waiting.add(stream);
  }

  remove(stream: T): void {
    this.#waiting.delete(stream);
  }

  /** The next in line; it stays there until it is removed. */
  get first(): T | undefined {
    for (const stream of this.#waiting) return stream;
    return undefined;
  }
}
