/** The shell's lines from a pipe or a file: no prompt. */
import { KiB } from "../../limits.ts";
import { UsageError } from "../program/exit-codes.ts";
import type { Lines } from "./lines.ts";
import { giveBack, standardInput } from "../terminal/standard-input.ts";

/** Bytes of a line: longer ones are no commands. */
const LONGEST = 1024 * KiB;

const NEWLINE = 0x0a;

export class PipedLines implements Lines {
  readonly #chunks = standardInput()[Symbol.asyncIterator]();
  readonly ask = undefined;
  #isStopped = false;
  /** Resolves the wait for a line. */
  #giveUp: (() => void) | undefined;
  /** Keeps a byte order mark, with which a file may begin: it is removed from the first line only. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Bytes that were read and are in no line yet. */
  #rest: Uint8Array = new Uint8Array();
  /** Bytes of the rest that have no line break in them. */
  #searched = 0;
  #isFirst = true;

  /** @throws UsageError for a line without an end */
  next(): Promise<string | undefined> {
    if (this.#isStopped) return Promise.resolve(undefined);
    // No race with a promise that outlives it: each line would stay in memory.
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(undefined);
      this.#next().then(resolve, reject);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#giveUp?.();
  }

  around(print: () => void): void {
    print();
  }

  /** Gives lines behind `quit` back: the next program may read them. */
  [Symbol.dispose](): void {
    this.stop();
    giveBack(this.#rest.length);
    this.#rest = new Uint8Array();
  }

  async #next(): Promise<string | undefined> {
    while (true) {
      const end = this.#rest.indexOf(NEWLINE, this.#searched);
      if (end >= 0) return this.#take(end, end + 1);
      this.#searched = this.#rest.length;
      if (this.#searched > LONGEST) {
        throw new UsageError(`a line is longer than ${LONGEST} bytes: this is no list of commands`);
      }
      const { done, value } = await this.#chunks.next();
      if (done === true) {
        return this.#searched === 0 ? undefined : this.#take(this.#searched, this.#searched);
      }
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    }
  }

  #take(end: number, next: number): string {
    const line = this.#decoder.decode(this.#rest.subarray(0, end)).replace(/\r$/, "");
    this.#rest = this.#rest.subarray(next);
    this.#searched = 0;
    const text = this.#isFirst ? line.replace(/^\ufeff/, "") : line;
    this.#isFirst = false;
    return text;
  }
}
