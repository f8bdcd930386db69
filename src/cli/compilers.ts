/**
 * A client works for a second or two, and JavaScriptCore's compilers take more of that than their code
 * gives back: the last one (FTL) where small files are moved, the one before (DFG) where large ones are
 * sent, which need little code, again and again (decision 17). Both can only be held back before a process
 * starts, so the executable takes its own place.
 */
import { statSync } from "node:fs";
import { IS_EXECUTABLE } from "../executable.ts";
import { MiB } from "../limits.ts";

/** Of JavaScriptCore, as Bun reads them from the environment. */
type Options = Readonly<Record<`BUN_JSC_${string}`, string>>;

const TREES: Options = { BUN_JSC_useFTLJIT: "0" };

/** For what is called some ten thousand times: where gigabytes are sent, it pays. */
const LARGE_FILES: Options = {
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "200000",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "200000",
};

const OF_TREES: ReadonlySet<string> = new Set(["-r", "--recursive", "sync"]);
const UPLOADS: ReadonlySet<string> = new Set(["upload", "put"]);

/** Bytes to upload from which on it saves more than a second start takes: some 5 ms. */
const LARGE = 32 * MiB;

/** Does not return where it starts anew. @param args of `leat client` */
export function chooseCompilers(args: readonly string[]): void {
  const options = IS_EXECUTABLE ? optionsFor(args) : undefined;
  if (options === undefined) return;
  // It has started anew, or the environment has them already: that decides.
  if (Object.keys(options).some((name) => process.env[name] !== undefined)) return;
  try {
    const env = { ...process.env, ...options };
    process.execve?.(process.execPath, [process.argv0, "client", ...args], env);
  } catch {
    // Somebody has moved the executable away: then it is a bit slower.
  }
}

function optionsFor(args: readonly string[]): Options | undefined {
  if (args.some((arg) => OF_TREES.has(arg))) return TREES;
  if (!args.some((arg) => UPLOADS.has(arg))) return undefined;
  const bytes = args.reduce((sum, arg) => sum + fileSize(arg), 0);
  return bytes < LARGE ? undefined : LARGE_FILES;
}

/** Bytes; 0 of what names no file. */
function fileSize(path: string): number {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats.size : 0;
  } catch {
    return 0; // the command will say what is wrong with it
  }
}
