/** The exit codes; docs/cli.md lists all. */
import { CommanderError } from "commander";
import { CODES, LeatError } from "../../errors.ts";

export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  /** Several arguments failed, for different reasons. */
  several: 3,
  /** The reader of stdout has closed it early: 128 and SIGPIPE, as shells have it. */
  readerLeft: 141,
} as const;

/** The arguments are wrong: no server was asked. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Mistakes in a file: each has a line. */
export class Faults extends UsageError {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.lines = lines;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof CommanderError) return EXIT.usage;
  return error instanceof LeatError ? CODES[error.code].exit : EXIT.unexpected;
}

/** One code for all that failed. */
export function combine(codes: Iterable<number>): number {
  const different = new Set(codes);
  if (different.size > 1) return EXIT.several;
  const [only] = different;
  return only ?? EXIT.done;
}
