/**
 * A client that moves a tree of small files works for a second or two. JavaScriptCore's last compiler
 * (FTL) takes more of that than its code gives back: a fifth more files a second go without it (decision
 * 19). It can only be turned off before a process starts, so the executable takes its own place.
 */
import { IS_EXECUTABLE } from "../executable.ts";

const SWITCH = "BUN_JSC_useFTLJIT";

const OF_TREES: ReadonlySet<string> = new Set(["-r", "--recursive"]);

/** Does not return where it starts anew. @param args of `leat client` */
export function withoutFtl(args: readonly string[]): void {
  if (!IS_EXECUTABLE || process.env[SWITCH] !== undefined) return;
  if (!args.some((arg) => OF_TREES.has(arg))) return;
  try {
    const env = { ...process.env, [SWITCH]: "0" };
    process.execve?.(process.execPath, [process.argv0, "client", ...args], env);
  } catch {
    // Somebody has moved the executable away: then it is a bit slower.
  }
}
