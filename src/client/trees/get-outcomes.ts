/** How files and links of a downloaded tree were saved. */
import type { Collision, DurabilityLevel, StoreEntry } from "../../store/store.ts";
import type { Saved } from "../download/options.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import { outcomeOf, type TreeOutcome, type TreeRoot } from "./tree.ts";

/** A file is on disk only when the folders that were made for it are, too. */
export async function savedIn(folder: LocalFolder, saved: Saved): Promise<Saved> {
  if (saved.skipped || (await folder.onDisk()) !== false) return saved;
  return { ...saved, durability: "none", notDone: { ...saved.notDone, sync: true } };
}

export function fetched(item: TreeRoot, { size, version }: StoreEntry, saved: Saved): TreeOutcome {
  return outcomeOf(item, { size, version, ...saved });
}

/** Makes a link in a folder. */
export async function makeLink(
  folder: LocalFolder,
  item: TreeRoot,
  { name, target }: { readonly name: string; readonly target: string },
  collision: Collision,
  durability: DurabilityLevel,
): Promise<TreeOutcome> {
  if (!folder.link(name, target, collision)) return outcomeOf(item, { skipped: true });
  if (durability === "none") return outcomeOf(item, { target });
  if (await folder.syncNames()) return outcomeOf(item, { target, durability: "fsync" });
  return outcomeOf(item, { target, notDone: { sync: true } });
}
