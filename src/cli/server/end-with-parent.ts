/**
 * `bun run server` is two processes: bun's passes signals on to this one. When bun's is killed with SIGKILL,
 * this one would stay and keep the port.
 */
import { dlopen } from "bun:ffi";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** On Linux, and only under `bun run`: elsewhere a server may outlive its parent. */
export function endWithParent(): void {
  if (process.platform !== "linux" || process.env.npm_lifecycle_event !== "server") return;
  try {
    const libc = dlopen("libc.so.6", {
      prctl: { args: ["i32", "u64"], returns: "i32" },
    });
    libc.symbols.prctl(PR_SET_PDEATHSIG, SIGKILL);
  } catch {
    // Another libc: the process stays, and has to be killed by hand.
  }
}
