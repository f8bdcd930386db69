/** A descriptor that is closed once, at the end of its scope; and the facts of an open one. */

import { closeSync, fstatSync } from "node:fs";
import { type Facts, factsOf } from "./facts.ts";
import { statDescriptor } from "./kernel.ts";

/** Of an open file or folder, an O_PATH descriptor too. @throws the system's error */
export function descriptorFacts(fd: number): Facts {
  const facts = statDescriptor(fd);
  return typeof facts === "object" ? facts : factsOf(fstatSync(fd, { bigint: true }));
}

export class Descriptor implements Disposable {
  #fd: number;

  /** @param fd closed when this is disposed */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** -1, which no call accepts, once it is closed: the number may be another file's by then. */
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
