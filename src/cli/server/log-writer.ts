/**
 * Writes lines to a stream whose reader may be slow: the first at once, those that follow within a moment
 * together. Lines beyond a buffer are dropped, and a line says how many.
 */
import { LOG_BUFFER } from "../../limits.ts";

/** Milliseconds that lines are gathered after a write: a write costs more than a line. */
const GATHER = 100;

/** Characters that are written before that time is over. */
const ENOUGH = 32 * 1024;

export interface LineStream {
  /** @returns false where it is full: `drain` follows */
  write(text: string): boolean;
  on(event: "drain", listener: () => void): unknown;
}

export class LogWriter {
  readonly #stream: LineStream;
  readonly #lostLine: (lost: number) => string;
  #isFull = false;
  #waiting: string[] = [];
  #length = 0;
  #lost = 0;
  /** Runs for a moment behind each write. */
  #timer: NodeJS.Timeout | undefined;

  /** @param lostLine makes the line that says how many were lost */
  constructor(stream: LineStream, lostLine: (lost: number) => string) {
    this.#stream = stream;
    this.#lostLine = lostLine;
    stream.on("drain", () => this.#onDrain());
  }

  /** @param isUrgent written at once: it may be the last line before the process dies */
  write(line: string, isUrgent = false): void {
    // After one is lost all are, until there is room: the count stands where they are missing.
    if (this.#isFull && (this.#lost > 0 || this.#length + line.length > LOG_BUFFER)) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    if (this.#timer === undefined || isUrgent || this.#length >= ENOUGH) this.flush();
  }

  /** Writes the gathered lines, if the stream takes them. */
  flush(): void {
    if (this.#isFull || this.#waiting.length === 0) return;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#length = 0;
    this.#isFull = !this.#stream.write(text);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, GATHER).unref();
  }

  #onDrain(): void {
    this.#isFull = false;
    if (this.#lost > 0) this.#waiting.push(this.#lostLine(this.#lost));
    this.#lost = 0;
    this.flush();
  }
}
