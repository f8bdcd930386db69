/**
 * Data goes to stdout, messages to stderr. Data waits for its reader. A reader that closes the pipe early
 * (`| head -1`) ends the command without a message, as it ends other programs (decision 29).
 */
import { LeatError } from "../../errors.ts";
import { STDERR, STDOUT, isTerminal, writeAll } from "./standard-streams.ts";
import { Messages } from "./messages.ts";
import { UNSAFE, printable } from "./terminal-text.ts";

/** Lines are gathered to this many characters before they are written. */
const GATHER = 32 * 1024;

/** Milliseconds that a reader of stderr has for the last messages once the command was given up. */
const LAST_MESSAGES = 200;

/** A line that is redrawn at the bottom of the terminal: out of the way while others are written. */
export interface StatusLine {
  hide(): void;
}

/** An object as a line, without characters that a terminal would obey. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replace(UNSAFE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}

export class Output {
  readonly stdoutIsTerminal = isTerminal(STDOUT);
  /** And one that can redraw a line. */
  readonly stderrIsTerminal = isTerminal(STDERR) && process.env.TERM !== "dumb";
  readonly colour = this.stderrIsTerminal && !process.env.NO_COLOR;
  status: StatusLine | undefined;
  #gathered = "";
  /** Nothing reads stdout any more, or the command was given up: data is dropped. */
  #broken = false;
  #readerLeft = false;
  #error: LeatError | undefined;
  /** The error was thrown once; later data is dropped without another. */
  #thrown = false;
  /** Resolves when all writes so far are done: they follow each other, as several transfers may write. */
  #writing = Promise.resolve();
  /** Resolve the promises of those that wait for it. */
  readonly #waiting = new Set<() => void>();
  readonly #onBroken: () => void;
  readonly #messages = new Messages();
  readonly #abandoned = Promise.withResolvers<void>();

  /** @param onBroken called when nothing reads stdout any more */
  constructor(onBroken: () => void) {
    this.#onBroken = onBroken;
  }

  /** The reader of stdout has left before the end. */
  get readerLeft(): boolean {
    return this.#readerLeft;
  }

  /** A name from a server: as it is for programs, without controls at a terminal. */
  name(text: string): string {
    return this.stdoutIsTerminal ? printable(text) : text;
  }

  /** A line of data. */
  line(line: string): Promise<void> {
    return this.text(`${line}\n`);
  }

  /** Whole lines of data. */
  async text(lines: string): Promise<void> {
    this.gather(lines);
    await this.room();
  }

  /** Writes the gathered lines if there are many. @returns a promise only then */
  room(): Promise<void> | undefined {
    return this.#gathered.length >= GATHER ? this.flush() : undefined;
  }

  /** Whole lines of data, without waiting: they leave with the next ones that are written. */
  gather(lines: string): void {
    this.#gathered += lines;
  }

  /** An object as a line of data. */
  json(value: object): Promise<void> {
    return this.text(jsonLine(value));
  }

  /** Bytes of a file. @throws NO_SPACE, IO_ERROR, … when stdout is a file that cannot take them */
  async bytes(bytes: Uint8Array): Promise<void> {
    if (this.#gathered !== "") await this.flush();
    await this.#write(bytes);
  }

  /** Writes the gathered lines. */
  async flush(): Promise<void> {
    const text = this.#gathered;
    this.#gathered = "";
    if (!this.#thrown) await this.#write(text);
  }

  /** Resolves when all data is written. */
  async finish(): Promise<void> {
    await this.flush();
    if (this.#broken || this.#thrown) return;
    await this.#written();
    this.#check();
  }

  /** Drops data that is not written yet: nothing waits for a reader any more. */
  abandon(): void {
    this.#broken = true;
    for (const done of this.#waiting) done();
    this.#abandoned.resolve();
  }

  /** A message, in lines. Names in it may come from anywhere: nothing of it moves the cursor, or turns the text. */
  say(text: string): void {
    this.status?.hide();
    this.#messages.say(`${text.split("\n").map(printable).join("\n")}\n`);
  }

  /** Resolves when all messages are written; soon after `abandon`, whether they are or not. */
  async messagesWritten(): Promise<void> {
    const late = this.#abandoned.promise.then(() => Bun.sleep(LAST_MESSAGES));
    await Promise.race([this.#messages.written(), late]);
  }

  async #write(data: string | Uint8Array): Promise<void> {
    this.#check();
    if (this.#broken || data.length === 0) return;
    if (this.stdoutIsTerminal) this.status?.hide();
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    this.#writing = this.#writing
      .then(() => (this.#broken ? undefined : writeAll(STDOUT, bytes)))
      .catch((error: Error) => this.#failed(error));
    await this.#written();
    this.#check();
  }

  /** Resolves when all is written, or was abandoned. */
  #written(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      void this.#writing.then(done);
    });
  }

  #check(): void {
    if (this.#error === undefined) return;
    this.#thrown = true;
    throw this.#error;
  }

  #failed(error: Error): void {
    if ("code" in error && error.code === "EPIPE") {
      this.#broken = true;
      this.#readerLeft = true;
      this.#onBroken();
    } else {
      this.#error = LeatError.from(error, "cannot write to stdout");
    }
  }
}
