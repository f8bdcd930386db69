import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Everything in a folder, as text: names, contents, targets of links. @param but names in it that are left out */
export function snapshot(folder: string, but: readonly string[] = []): string {
  const lines: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (but.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) lines.push(`${entry.name}/ ${snapshot(path)}`);
    else if (entry.isSymbolicLink()) lines.push(`${entry.name} -> ${readlinkSync(path)}`);
    else lines.push(`${entry.name} ${JSON.stringify(readFileSync(path, "latin1"))}`);
  }
  return lines.toSorted().join("\n");
}
