import { readFileSync } from "node:fs";

/** How many files this process may have open, connections included; a common default where unknown. */
export function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    if (line !== null) return Number(line[1]);
  } catch {
    // Not Linux.
  }
  return 1024;
}
