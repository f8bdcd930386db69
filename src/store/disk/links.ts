/** Makes links in the library. */
import { LeatError } from "../../errors.ts";
import { checkPath, leadsWithin, quote } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Library } from "../resolve/library.ts";
import { readLinkWithin } from "../resolve/read-link.ts";
import type { LinkOptions, MaybePromise, StoreEntry } from "../store.ts";
import { entryOf } from "../system/entry.ts";
import { notFound } from "../system/refusals.ts";
import { makeLink } from "../write/link.ts";
import { syncNewNames } from "../write/sync-new-names.ts";

/**
 * Makes a link that leads to something in the library, wherever the other links in it lead: nothing that is behind it
 * could not be reached before.
 */
export function makeLinkAt(
  library: Library,
  path: string,
  target: string,
  { collision, durability, again }: LinkOptions,
): MaybePromise<StoreEntry> {
  const segments = checkPath(path);
  const name = segments.pop();
  if (name === undefined || !leadsWithin(target, segments.length)) throw leadsOut(path, target);
  library.place(path, notFound)[Symbol.dispose](); // the name may be taken by the store
  const folder = plainFolder(library, segments);
  let entry: StoreEntry;
  try {
    makeLink(folder, { name, target, collision, again, path, usage: library.usage });
    entry = linkEntry(folder, name, segments.length);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  if (durability === "none") {
    folder[Symbol.dispose]();
    return entry;
  }
  return onDisk(folder, entry, path);
}

/** The target is relative to the folder: a link on the way to that would lead to a folder of another depth. */
function plainFolder({ resolver }: Library, segments: readonly string[]): Folder {
  let folder = resolver.folder([]);
  for (const [index, segment] of segments.entries()) {
    using above = folder;
    folder = above.child(segment, segments.slice(0, index + 1).join("/"));
  }
  return folder;
}

/** Of what has the name. */
function linkEntry(folder: Folder, name: string, depth: number): StoreEntry {
  const facts = folder.stat(name);
  if (facts === undefined) throw notFound(name);
  if (facts.kind !== "LINK") return entryOf(name, facts);
  const target = readLinkWithin(folder, name, depth);
  return { ...entryOf(name, facts), link: true, target };
}

/** @param folder closed when it is done */
async function onDisk(folder: Folder, entry: StoreEntry, path: string): Promise<StoreEntry> {
  using held = folder;
  try {
    await syncNewNames([held]);
    return entry;
  } catch (error) {
    throw LeatError.from(error, `${quote(path)} was made, and cannot be put on disk`);
  }
}

function leadsOut(path: string, target: string): LeatError {
  const message = `the link ${quote(path)} to ${quote(target)} would lead out of the library`;
  return new LeatError("INVALID_ARGUMENT", message);
}
