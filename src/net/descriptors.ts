import { readFileSync } from "node:fs";

/** Open files this process may have: connections must stay below it. Unknown: a common default. */
export function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    if (line !== null) return Number(line[1]);
  } catch {
    // Not Linux.
  }
  return 1024;
}
