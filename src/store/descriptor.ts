/** A descriptor that is closed once, at the end of its scope. */

import { closeSync } from "node:fs";

export class Descriptor implements Disposable {
  #fd: number;

  /** @param fd ours to close from now on */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** -1, which no call takes, once it is closed: the number may be another file's by then. */
  get fd(): number {
    return this.#fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd === -1) return;
    const fd = this.#fd;
    this.#fd = -1;
    closeSync(fd);
  }
}
