/**
 * `bun run server` is two processes. Signals that can be caught are passed on to ours; when the first
 * is killed outright, ours would stay and keep the port, with nobody left who knows of it.
 */
import { dlopen } from "bun:ffi";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** On Linux, and only under `bun run`: elsewhere a parent that goes away means nothing. */
export function endWithParent(): void {
  if (process.platform !== "linux" || process.env.npm_lifecycle_event !== "server") return;
  try {
    const libc = dlopen("libc.so.6", {
      prctl: { args: ["i32", "u64"], returns: "i32" },
    });
    libc.symbols.prctl(PR_SET_PDEATHSIG, SIGKILL);
  } catch {
    // Another libc: one has to look for the process oneself.
  }
}
