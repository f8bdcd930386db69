/**
 * Writes lines to a stream that somebody may not read: one at once, those that come close behind it
 * together. Few lines wait; how many were lost is said.
 */
import { LOG_BUFFER } from "../../limits.ts";

/** Milliseconds that lines are gathered after some were written: a write costs more than a line. */
const GATHER = 100;

/** Characters that are written without waiting for more. */
const ENOUGH = 32 * 1024;

export interface LineStream {
  /** @returns false where it is full: `drain` follows */
  write(text: string): boolean;
  on(event: "drain", listener: () => void): unknown;
}

export class LogWriter {
  readonly #stream: LineStream;
  readonly #tell: (lost: number) => string;
  #isFull = false;
  #waiting: string[] = [];
  #length = 0;
  #lost = 0;
  /** Runs for a moment behind each write. */
  #timer: NodeJS.Timeout | undefined;

  /** @param tell the line that says how many were lost */
  constructor(stream: LineStream, tell: (lost: number) => string) {
    this.#stream = stream;
    this.#tell = tell;
    stream.on("drain", () => this.#goOn());
  }

  /** @param isUrgent it may be the last that is heard */
  write(line: string, isUrgent = false): void {
    // Once one is lost all are until there is room: the count stands where they are missing.
    if (this.#isFull && (this.#lost > 0 || this.#length + line.length > LOG_BUFFER)) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    if (this.#timer === undefined || isUrgent || this.#length >= ENOUGH) this.flush();
  }

  /** Writes what was gathered, where the stream takes it. */
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

  #goOn(): void {
    this.#isFull = false;
    if (this.#lost > 0) this.#waiting.push(this.#tell(this.#lost));
    this.#lost = 0;
    this.flush();
  }
}
