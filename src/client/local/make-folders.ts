/** Makes folders above a file that is to be written. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { DurabilityLevel } from "../../store/store.ts";
import { LocalFolder } from "./local-folder.ts";

/** Makes a folder and those above it that are missing. @throws PERMISSION_DENIED, NOT_A_DIRECTORY, … */
export async function makeFolders(path: string, durability: DurabilityLevel): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at);
  for (const each of missing.toReversed()) {
    using made = LocalFolder.make(each, {}, durability);
    await made.onDisk();
  }
}
