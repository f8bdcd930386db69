/** What a process and those it started hold, as the kernel tells. Linux. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Held {
  /** Itself and all below it; what has ended and is not reaped counts. */
  readonly processes: number;
  readonly threads: number;
  /** Those of a store aside: each process that serves uploads opens its folders once. */
  readonly descriptors: number;
}

export function heldBy(pid: number): Held {
  const all = [pid, ...descendants(pid)];
  const open = all.flatMap(openIn).filter((target) => !target.includes("/.leat"));
  const threads = all.flatMap((one) => entries(`/proc/${one}/task`));
  return { processes: all.length, threads: threads.length, descriptors: open.length };
}

/** Processes that one has started, and those have, and are not reaped; the oldest first. */
export function descendants(pid: number): number[] {
  const children = entries(`/proc/${pid}/task`).flatMap((task) =>
    text(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** What the descriptors of a process stand for. */
export function openIn(pid: number): string[] {
  return entries(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** One letter: `R` and `S` run, `T` is stopped, `Z` has ended; none when it is gone. */
export function stateOf(pid: number): string | undefined {
  return /^State:\s*(\S)/m.exec(text(`/proc/${pid}/status`))?.[1];
}

/**
 * The sockets by which a server at 127.0.0.1 holds its clients: what they are called among the
 * descriptors of a process, by the port of the client.
 */
export function clientSockets(serverPort: number): Map<number, string> {
  const found = new Map<number, string>();
  const hex = (port: string): number => Number.parseInt(port, 16);
  for (const line of text("/proc/net/tcp").split("\n").slice(1)) {
    const [, local = "", remote = "", , , , , , , inode] = line.trim().split(/\s+/);
    if (hex(local.slice(9)) === serverPort) found.set(hex(remote.slice(9)), `socket:[${inode}]`);
  }
  return found;
}

/** Nothing of one that is gone. */
function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
