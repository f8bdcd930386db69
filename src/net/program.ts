/**
 * A program that carries a connection: ssh. Its standard input and output are one end of a pair of sockets,
 * and the other end is a transport like any other: it is read and written as a Unix socket.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LeatError } from "../errors.ts";
import { PROGRAM_END, PROGRAM_LINE } from "../limits.ts";
import { closeDuplicate } from "./duplicate.ts";
import { adopt } from "./handover.ts";
import { setProgramSocket } from "./socket-options.ts";
import { socketPair } from "./socket-pair.ts";
import type { Accept } from "./transport.ts";

/** How a program has ended. */
export interface ProgramEnd {
  /** Missing where a signal has ended it. */
  readonly code: number | undefined;
}

/**
 * It shares the terminal, where it may ask for a password; but Ctrl-C is for this process, which then ends
 * the connection in its own order.
 */
const WITHOUT_INTERRUPTS = 'trap "" INT; exec "$@"';

type Child = Bun.Subprocess<number, number, "pipe">;

/** Those that run: none outlives this process. */
const running = new Set<Program>();
let atExit = false;

export class Program implements Disposable {
  readonly #child: Child;
  /** Resolves when it has ended and its last line has been passed on. */
  readonly ended: Promise<ProgramEnd>;

  private constructor(child: Child, onLine: OnLine) {
    this.#child = child;
    this.ended = this.#end(onLine);
    running.add(this);
    if (atExit) return;
    atExit = true;
    process.on("exit", () => {
      for (const program of running) program[Symbol.dispose]();
    });
  }

  /**
   * @param words the program and its arguments; no shell reads them
   * @param onLine is called with each line that it writes to stderr
   * @throws UNIMPLEMENTED when there is no such program
   */
  static async start(
    words: readonly string[],
    { peer, accept, onLine }: ProgramOptions,
  ): Promise<Program> {
    const [name = ""] = words;
    if (Bun.which(name) === null) {
      const message = `there is no program ${JSON.stringify(name)} on this machine`;
      throw new LeatError("UNIMPLEMENTED", message);
    }
    const [ours, theirs] = socketPair();
    setProgramSocket(theirs);
    let program: Program;
    try {
      const child = Bun.spawn(["/bin/sh", "-c", WITHOUT_INTERRUPTS, "sh", ...words], {
        stdio: [theirs, theirs, "pipe"],
      });
      program = new Program(child, onLine);
    } catch (thrown) {
      closeDuplicate(ours);
      throw LeatError.from(thrown, `cannot start ${name}`);
    } finally {
      closeDuplicate(theirs);
    }
    try {
      await adopt(ours, peer, accept);
      return program;
    } catch (thrown) {
      program[Symbol.dispose]();
      throw thrown;
    }
  }

  /** Ends it at once. Harmless when it has ended. */
  [Symbol.dispose](): void {
    this.#child.kill("SIGTERM");
  }

  async #end(onLine: OnLine): Promise<ProgramEnd> {
    const stderr = readerOf(this.#child);
    const lines = readLines(stderr, onLine);
    await this.#child.exited;
    running.delete(this);
    // A program that it has left behind, as ssh does with ControlPersist, may hold stderr open.
    const late = new AbortController();
    const { signal } = late;
    await Promise.race([lines, sleep(PROGRAM_END, undefined, { signal }).catch(() => {})]);
    late.abort();
    void stderr.cancel().catch(() => {});
    return { code: this.#child.exitCode ?? undefined };
  }
}

/** Where it returns a promise, no more is read until that resolves. */
export type OnLine = (line: string) => void | Promise<void>;

interface ProgramOptions {
  /** The name of the transport, for messages. */
  readonly peer: string;
  readonly accept: Accept;
  readonly onLine: OnLine;
}

const readerOf = ({ stderr }: Child) => stderr.getReader();

/** Lines without those that are empty; of a long one the start. */
async function readLines(stderr: ReturnType<typeof readerOf>, onLine: OnLine): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await stderr.read();
      const text = rest + (done ? "\n" : decoder.decode(value, { stream: true }));
      const lines = text.split(/[\r\n]+/);
      rest = (lines.pop() ?? "").slice(0, PROGRAM_LINE);
      for (const line of lines.map((each) => each.trimEnd())) {
        if (line !== "") await onLine(line.slice(0, PROGRAM_LINE));
      }
      if (done) return;
    }
  } catch {
    // It could not be read, or the callback has thrown: nobody is told of further lines.
  }
}
