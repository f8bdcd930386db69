/** Where the shell's lines come from: a terminal here, a pipe in piped-lines.ts. */
import { type Interface, createInterface } from "node:readline";
import { History, REMEMBERED } from "./history.ts";

export interface Lines extends Disposable {
  /** undefined at the end of the input, or once `stop` was called. */
  next(): Promise<string | undefined>;
  /** Nothing more is read. */
  stop(): void;
  /** Before something is said while a line may be half typed; the line comes back afterwards. */
  around(say: () => void): void;
}

export type Completer = (line: string) => Promise<[hits: string[], of: string]>;

/** A prompt, with history and completion. While a command runs, the terminal is as it was. */
export class TerminalLines implements Lines {
  readonly #readline: Interface;
  readonly #history = new History();
  readonly #prompt: () => string;
  /** More than one line may be pasted at once. */
  readonly #typed: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #closed = false;

  /** @param prompt asked for each line */
  constructor(prompt: () => string, completer: Completer) {
    this.#prompt = prompt;
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
      this.#history.add(line);
      this.#line(line);
    });
    this.#readline.on("SIGINT", () => this.#clear());
    this.#readline.on("close", () => {
      this.#closed = true;
      this.#answer(undefined);
    });
  }

  next(): Promise<string | undefined> {
    const typed = this.#typed.shift();
    if (typed !== undefined || this.#closed) return Promise.resolve(typed);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      process.stdin.setRawMode(true);
      this.#readline.resume();
      this.#readline.setPrompt(this.#prompt());
      this.#readline.prompt();
    });
  }

  stop(): void {
    if (!this.#closed) this.#readline.close();
  }

  around(say: () => void): void {
    if (this.#waiting === undefined) return say();
    process.stderr.write("\r\x1b[J");
    say();
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

  /** Ctrl-C is a signal again while a command runs, and what is typed ahead waits. */
  #answer(line: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!this.#closed) this.#readline.pause(); // it throws once it is closed
    process.stdin.setRawMode(false);
    waiting?.(line);
  }

  /** Ctrl-C at the prompt. */
  #clear(): void {
    process.stderr.write("^C\n");
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
    this.#readline.prompt();
  }
}
