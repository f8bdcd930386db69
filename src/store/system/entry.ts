/** The entry of a file or folder that a peer is shown, made of its facts. */

import type { Facts } from "./facts.ts";
import type { StoreEntry } from "../store.ts";
import type { Versions } from "./versions.ts";

/** As pages have it, unless a version is given. */
export function entryOf(name: string, facts: Facts, version = ""): StoreEntry {
  return {
    name,
    kind: facts.kind === "LINK" ? "OTHER" : facts.kind,
    size: facts.kind === "FILE" ? facts.size : 0,
    modified: { seconds: facts.modifiedSeconds, nanoseconds: facts.modifiedNanoseconds },
    mode: facts.mode,
    version,
  };
}

export function namelessEntry(facts: Facts, version = ""): Omit<StoreEntry, "name"> {
  return {
    kind: facts.kind === "LINK" ? "OTHER" : facts.kind,
    size: facts.kind === "FILE" ? facts.size : 0,
    modified: { seconds: facts.modifiedSeconds, nanoseconds: facts.modifiedNanoseconds },
    mode: facts.mode,
    version,
  };
}

/** With its version, if it is a file. */
export function versionedEntry(name: string, facts: Facts, versions?: Versions): StoreEntry {
  const version = versions !== undefined && facts.kind === "FILE" ? versions.of(facts) : "";
  return entryOf(name, facts, version);
}

/** A folder that was just made and whose facts cannot be read. */
export function unseenFolder(name: string): StoreEntry {
  const modified = { seconds: 0, nanoseconds: 0 };
  return { name, kind: "DIRECTORY", size: 0, modified, version: "" };
}
