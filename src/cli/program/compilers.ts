/**
 * Bun compiles a function that is called often, and again with compilers that take longer. Most clients, and a
 * server that ssh starts for one of them, end before the faster code has saved that time (decision 17).
 */
import { IS_EXECUTABLE } from "../../executable.ts";

/** How many times as many calls it takes until a function is compiled. */
const RELUCTANCE = 10;

/** Leaves out the last compiler, FTL. Bun reads it when a process starts, and not later. */
const NO_FTL = "BUN_JSC_useFTLJIT";

const OF_TREES: ReadonlySet<string> = new Set(["-r", "--recursive", "sync"]);

/**
 * Clients that move trees run without the last compiler: the executable takes its own place, and this does not
 * return. For the others little is compiled from now on.
 * @param args of `leat client`
 */
export function chooseCompilers(args: readonly string[]): void {
  if (args.some((arg) => OF_TREES.has(arg))) leaveOutLast(["client", ...args]);
  else Bun.unsafe.setJITPolicy(RELUCTANCE);
}

/**
 * A server that ssh has started runs without the last compiler, too: then this does not return.
 * @param args of `leat server`
 */
export function chooseServerCompilers(args: readonly string[]): void {
  if (args.includes("--stdio")) leaveOutLast(["server", ...args]);
}

/** @param words of the command line */
function leaveOutLast(words: readonly string[]): void {
  // It has started anew, or the environment has the option already: that decides.
  if (!IS_EXECUTABLE || process.env[NO_FTL] !== undefined) return;
  try {
    const env = { ...process.env, [NO_FTL]: "0" };
    process.execve?.(process.execPath, [process.argv0, ...words], env);
  } catch {
    // Somebody has moved the executable away: then it is a bit slower.
  }
}
