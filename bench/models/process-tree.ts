/** What /proc says of a process and of all below it. */
import { readdirSync, readFileSync } from "node:fs";
import { KiB } from "../../src/limits.ts";

/** The process and all below it, by number. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /^PPid:\s*(\d+)/m.exec(read(`/proc/${name}/status`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const tree = [root];
  // The list grows while it is walked, so the children of each child are found, too.
  for (const parent of tree) {
    for (const [pid, its] of parents) if (its === parent) tree.push(pid);
  }
  return tree;
}

/** Memory of the tree, in bytes: what several processes share is counted once. */
export function proportionalMemory(root: number): number {
  return processTree(root).reduce((sum, pid) => {
    const kib = /^Pss:\s*(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
    return sum + Number(kib ?? 0) * KiB;
  }, 0);
}

/** The same, once it has stopped to change: within a hundredth, or as good as that after a while. */
export async function settledMemory(root: number): Promise<number> {
  let before = proportionalMemory(root);
  for (let look = 0; look < 10; look += 1) {
    await Bun.sleep(300);
    const now = proportionalMemory(root);
    if (Math.abs(now - before) < 0.01 * now) return now;
    before = now;
  }
  return before;
}

/** Processes below this one, and threads of it that run JavaScript besides the first. */
export function childrenOf(root: number): number {
  const threads = readdirSync(`/proc/${root}/task`).filter(
    (task) => read(`/proc/${root}/task/${task}/comm`).trim() === "Worker",
  );
  return processTree(root).length - 1 + threads.length;
}

/** Nothing when the process is gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
