/** What the command line ends with; docs/cli.md lists every code. */
import { CommanderError } from "commander";
import { CODES, LeatError } from "../../errors.ts";

export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  /** Several things failed, and not all for the same reason. */
  several: 3,
  /** The reader of stdout has left before the end: 128 and SIGPIPE, as a shell tells of others. */
  readerLeft: 141,
} as const;

/** The words that were typed make no sense: nothing was asked of a server. */
export class UsageError extends Error {
  override readonly name = "UsageError";
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
