/** Round robin over the streams that have data to send and credit for it. */
export class Turns<T> {
  readonly #waiting = new Set<T>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Puts a stream at the end, unless it waits already. */
  add(stream: T): void {
    this.#waiting.add(stream);
  }

  remove(stream: T): void {
    this.#waiting.delete(stream);
  }

  /** The one whose turn it is; it stays the first until it is removed. */
  get first(): T | undefined {
    for (const stream of this.#waiting) return stream;
    return undefined;
  }
}
