/** The shell's lines of input: from a terminal; piped-lines.ts has those from a pipe. */
import { type Interface, createInterface } from "node:readline";
import type { Ask } from "../terminal/question.ts";
import { History, REMEMBERED } from "./history.ts";

export interface Lines extends Disposable {
  /** @returns undefined at the end of the input, or after `stop` */
  next(): Promise<string | undefined>;
  /** Reads no more. */
  stop(): void;
  /** Asks while a command runs; undefined where nobody types the lines. */
  readonly ask: Ask | undefined;
  /** Prints something while a line may be half typed; the line is shown again after it. */
  around(print: () => void): void;
}

type Completer = (line: string) => Promise<[hits: string[], of: string]>;

/** A prompt, with history and completion. While a command runs, the terminal is in its normal mode. */
export class TerminalLines implements Lines {
  readonly #readline: Interface;
  readonly #history = new History();
  readonly #prompt: () => string;
  readonly #onInterrupt: () => void;
  /** Lines that were typed ahead, or pasted together. */
  readonly #typed: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #closed = false;
  #isAsking = false;

  /** @param prompt called for each line @param onInterrupt called for Ctrl-C at a question */
  constructor(prompt: () => string, completer: Completer, onInterrupt: () => void) {
    this.#prompt = prompt;
    this.#onInterrupt = onInterrupt;
    this.#readline = createInterface({
      input: process.stdin,
      output: process.stderr,
      terminal: true,
      history: this.#history.read(),
      historySize: REMEMBERED,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        completer(line).then(
          (result) => done(null, result),
          () => done(null, [[], line]),
        );
      },
    });
    this.#readline.on("line", (line) => {
      if (!this.#isAsking) this.#history.add(line);
      this.#line(line);
    });
    this.#readline.on("SIGINT", () => (this.#isAsking ? this.#interrupt() : this.#clear()));
    this.#readline.on("close", () => {
      this.#closed = true;
      this.#answer(undefined);
    });
  }

  next(): Promise<string | undefined> {
    const typed = this.#typed.shift();
    if (typed !== undefined || this.#closed) return Promise.resolve(typed);
    return this.#read(this.#prompt());
  }

  #read(prompt: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      process.stdin.setRawMode(true);
      this.#readline.resume();
      this.#readline.setPrompt(prompt);
      this.#readline.prompt();
    });
  }

  stop(): void {
    if (!this.#closed) this.#readline.close();
  }

  /** Ctrl-C interrupts the command that asks. What was typed ahead is no answer. */
  readonly ask: Ask = async (question) => {
    if (this.#closed) return undefined;
    this.#isAsking = true;
    const answer = await this.#read(question);
    this.#isAsking = false;
    return answer;
  };

  around(print: () => void): void {
    if (this.#waiting === undefined) return print();
    process.stderr.write("\r\x1b[J");
    print();
    this.#readline.prompt(true);
  }

  [Symbol.dispose](): void {
    this.#waiting = undefined;
    if (!this.#closed) this.#readline.close();
  }

  #line(line: string): void {
    if (this.#waiting === undefined) this.#typed.push(line);
    else this.#answer(line);
  }

  /** Leaves raw mode: Ctrl-C is a signal while a command runs, and lines that are typed ahead wait. */
  #answer(line: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!this.#closed) this.#readline.pause(); // throws once closed
    process.stdin.setRawMode(false);
    waiting?.(line);
  }

  /** Ctrl-C at a question. */
  #interrupt(): void {
    process.stderr.write("^C\n");
    this.#onInterrupt();
    this.#answer(undefined);
  }

  /** Ctrl-C at the prompt. */
  #clear(): void {
    process.stderr.write("^C\n");
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
    this.#readline.prompt();
  }
}
