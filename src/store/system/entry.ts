/** Facts as the entry a peer sees, and versions. */

import { createSha256, sha256 } from "../../hash.ts";
import type { Facts } from "./facts.ts";
import type { StoreEntry, Time } from "../store.ts";

/** Bytes of the keyed hash that a version shows, as 22 characters. */
const VERSION_BYTES = 16;

/**
 * Versions of files: opaque, so that a peer learns neither inode numbers nor how times are kept, and
 * cannot make one up.
 *
 * The key comes from the identity of the library folder, which outlives restarts and is the same in
 * all worker processes; nothing has to be written. It is no secret worth the name: whoever can look
 * at the disk can compute versions, and may see all they hide. When the folder is moved to another
 * disk, versions change, and an interrupted transfer starts again: the safe side.
 */
export class Versions {
  readonly #key: Buffer;
  readonly #bytes = new Uint8Array(64);
  readonly #view = new DataView(this.#bytes.buffer);

  /** @param identity of the library: `identityOf` its folder */
  constructor(identity: string) {
    this.#key = sha256(`leat version\0${identity}`);
  }

  of(facts: Facts): string {
    const view = this.#view;
    view.setFloat64(0, facts.device);
    view.setUint32(8, facts.inodeHigh);
    view.setUint32(12, facts.inodeLow);
    view.setFloat64(16, facts.size);
    view.setFloat64(24, facts.modifiedSeconds);
    view.setUint32(32, facts.modifiedNanoseconds);
    view.setUint32(36, facts.changedNanoseconds);
    view.setFloat64(40, facts.changedSeconds);
    const hash = createSha256(this.#key);
    hash.update(this.#bytes);
    return hash.digest().toString("base64url", 0, VERSION_BYTES);
  }
}

/** What stays of a folder while the server restarts. */
export function identityOf(folder: Facts): string {
  return `${folder.device},${folder.inodeHigh},${folder.inodeLow}`;
}

/** The entry; without a version, as pages have it. */
export function entryOf(name: string, facts: Facts, version = ""): StoreEntry {
  return {
    name,
    kind: facts.kind === "LINK" ? "OTHER" : facts.kind,
    size: facts.kind === "FILE" ? facts.size : 0,
    modified: modifiedOf(facts),
    mode: facts.mode,
    version,
  };
}

/** The entry with its version, if it is a file. */
export function versionedEntry(name: string, facts: Facts, versions?: Versions): StoreEntry {
  const version = versions !== undefined && facts.kind === "FILE" ? versions.of(facts) : "";
  return entryOf(name, facts, version);
}

/** A folder that was just made and cannot be looked at. */
export function unseenFolder(name: string): StoreEntry {
  const modified = { seconds: 0, nanoseconds: 0 };
  return { name, kind: "DIRECTORY", size: 0, modified, mode: 0, version: "" };
}

function modifiedOf(facts: Facts): Time {
  return { seconds: facts.modifiedSeconds, nanoseconds: facts.modifiedNanoseconds };
}
