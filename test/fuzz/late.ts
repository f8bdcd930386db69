/** A deadline by the turns of the event loop: a machine on which nothing runs for seconds makes nothing late. */

/** Milliseconds in which whatever is to happen has happened: an upload may wait a second for an older try. */
export const LATE = 5_000;
/** A turn counts as no more than this, in milliseconds. */
const TURN = 20;

export class Deadline {
  #spent = 0;
  #last = performance.now();

  /** To be asked in every turn. */
  get isOver(): boolean {
    const now = performance.now();
    this.#spent += Math.min(TURN, now - this.#last);
    this.#last = now;
    return this.#spent > LATE;
  }
}
