/** Writes lines to a stream that somebody may not read: what waits is bounded, what is lost is said. */
import { LOG_BUFFER } from "../limits.ts";

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

  /** @param tell the line that says how many were lost */
  constructor(stream: LineStream, tell: (lost: number) => string) {
    this.#stream = stream;
    this.#tell = tell;
    stream.on("drain", () => this.#goOn());
  }

  write(line: string): void {
    if (!this.#isFull) this.#isFull = !this.#stream.write(line);
    // Once one is lost all are until there is room: the count stands where they are missing.
    else if (this.#lost > 0 || this.#length + line.length > LOG_BUFFER) this.#lost += 1;
    else {
      this.#waiting.push(line);
      this.#length += line.length;
    }
  }

  #goOn(): void {
    const lines = this.#waiting;
    if (this.#lost > 0) lines.push(this.#tell(this.#lost));
    this.#waiting = [];
    this.#length = 0;
    this.#lost = 0;
    this.#isFull = lines.length > 0 && !this.#stream.write(lines.join(""));
  }
}
