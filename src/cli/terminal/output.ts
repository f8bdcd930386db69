/**
 * stdout is data, stderr is talk. Data waits for whoever reads it. A reader that has seen enough
 * (`| head -1`) ends the command, without a word, as it ends others (decision 29).
 */
import { LeatError } from "../../errors.ts";
import { STDERR, STDOUT, isTerminal, writeAll } from "./standard-streams.ts";
import { Talk } from "./talk.ts";
import { UNSAFE, printable } from "./terminal-text.ts";

/** Lines are gathered to this many characters before they are written. */
const GATHER = 32 * 1024;

/** Milliseconds that a reader of stderr gets for the last words once the command was given up. */
const LAST_WORDS = 200;

/** A line that is redrawn at the bottom of the terminal: out of the way while others are written. */
export interface StatusLine {
  hide(): void;
}

/** An object as a line; nothing in it that a terminal would obey. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replace(UNSAFE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}

export class Output {
  /** A person sees stdout. */
  readonly dataTerminal = isTerminal(STDOUT);
  /** A person sees stderr. */
  readonly talkTerminal = isTerminal(STDERR) && process.env.TERM !== "dumb";
  readonly colour = this.talkTerminal && !process.env.NO_COLOR;
  status: StatusLine | undefined;
  #gathered = "";
  /** Nobody reads stdout any more, or is to. */
  #broken = false;
  #readerLeft = false;
  #error: LeatError | undefined;
  /** The error was thrown: what else was gathered is lost without another word. */
  #told = false;
  /** The last of what is being written, one behind the other: several transfers may have some. */
  #writing = Promise.resolve();
  /** Those that wait until it is written. */
  readonly #waiting = new Set<() => void>();
  readonly #onBroken: () => void;
  readonly #talk = new Talk();
  readonly #abandoned = Promise.withResolvers<void>();

  /** @param onBroken nobody reads stdout any more */
  constructor(onBroken: () => void) {
    this.#onBroken = onBroken;
  }

  /** The reader of stdout has left before the end. */
  get readerLeft(): boolean {
    return this.#readerLeft;
  }

  /** A name from a server: raw where a program reads it, harmless where a person does. */
  name(text: string): string {
    return this.dataTerminal ? printable(text) : text;
  }

  /** A line of data. */
  line(line: string): Promise<void> {
    return this.text(`${line}\n`);
  }

  /** Whole lines of data. */
  async text(lines: string): Promise<void> {
    this.gather(lines);
    if (this.#gathered.length >= GATHER) await this.flush();
  }

  /** Whole lines of data, for who cannot wait: they leave with what is handed on next. */
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

  /** Hands the gathered lines on. */
  async flush(): Promise<void> {
    const text = this.#gathered;
    this.#gathered = "";
    if (!this.#told) await this.#write(text);
  }

  /** Resolves when everything has left. */
  async finish(): Promise<void> {
    await this.flush();
    if (this.#broken || this.#told) return;
    await this.#written();
    this.#check();
  }

  /** What could not be written yet is not wanted any more: nothing waits for a reader. */
  abandon(): void {
    this.#broken = true;
    for (const done of this.#waiting) done();
    this.#abandoned.resolve();
  }

  /** A line of talk. */
  say(text: string): void {
    this.status?.hide();
    this.#talk.say(`${text}\n`);
  }

  /** Resolves when everything that was said was read; after `abandon` nobody is waited for for long. */
  async talked(): Promise<void> {
    const late = this.#abandoned.promise.then(() => Bun.sleep(LAST_WORDS));
    await Promise.race([this.#talk.written(), late]);
  }

  async #write(data: string | Uint8Array): Promise<void> {
    this.#check();
    if (this.#broken || data.length === 0) return;
    if (this.dataTerminal) this.status?.hide();
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    this.#writing = this.#writing
      .then(() => (this.#broken ? undefined : writeAll(STDOUT, bytes)))
      .catch((error: Error) => this.#failed(error));
    await this.#written();
    this.#check();
  }

  /** Resolves when all is written, or when nobody wants it any more. */
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
    this.#told = true;
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
