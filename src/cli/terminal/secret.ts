/** Asks for a password at the terminal of the process, which does not show it. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";

const TERMINAL = "/dev/tty";
const CTRL_C = 3;
const CTRL_D = 4;
const CTRL_U = 21;
const LINE_FEED = 10;
const RETURN = 13;
const BACKSPACES: readonly number[] = [8, 127];

/** Bytes that are read of a password. */
const LONGEST = 1024;

/**
 * Standard input may be a pipe with other data: the terminal itself is asked.
 * @returns undefined where there is no terminal
 */
export async function askSecret(
  question: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openSync(TERMINAL, constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  // Closes the descriptor with itself.
  const input = new ReadStream(openSync(TERMINAL, constants.O_RDONLY | constants.O_NOCTTY));
  try {
    input.setRawMode(true);
    writeSync(fd, question);
    return await readSecret(input, signal);
  } finally {
    input.setRawMode(false);
    input.destroy();
    writeSync(fd, "\n");
    closeSync(fd);
  }
}

/** @returns "" when the signal aborts */
function readSecret(input: ReadStream, signal: AbortSignal | undefined): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const typed = new Typed();
  signal?.addEventListener("abort", () => resolve(""), { once: true });
  input.on("end", () => resolve(typed.text));
  input.on("data", (chunk: Buffer) => {
    for (const byte of chunk) {
      if (byte === CTRL_C) interrupt(input);
      else if (typed.take(byte)) return resolve(typed.text);
    }
  });
  return promise;
}

/** In raw mode the terminal sends no signal. The process may end by it, and the terminal stays. */
function interrupt(input: ReadStream): void {
  input.setRawMode(false);
  process.kill(process.pid, "SIGINT");
}

/** A line that is edited as at any terminal. */
class Typed {
  #bytes: number[] = [];

  get text(): string {
    return Buffer.from(this.#bytes).toString("utf8");
  }

  /** @returns whether the line has ended */
  take(byte: number): boolean {
    if (byte === RETURN || byte === LINE_FEED || byte === CTRL_D) return true;
    if (byte === CTRL_U) this.#bytes = [];
    // A character may have several bytes.
    else if (BACKSPACES.includes(byte))
      this.#bytes = [...Buffer.from(this.text.replace(/.$/su, ""))];
    else if (this.#bytes.length < LONGEST) this.#bytes.push(byte);
    return false;
  }
}
