/** Pages of a folder, in the order of the UTF-8 bytes of the names. */

import { readdir } from "node:fs/promises";
import { LeatError } from "../errors.ts";
import { PAGE_SLICE } from "../limits.ts";
import type { Folder } from "./beneath.ts";
import { entryOf } from "./entry.ts";
import type { Library } from "./library.ts";
import { checkPath, isOwnFolder, isSegment, quote } from "./names.ts";
import type { Page, PageRequest, StoreEntry } from "./store.ts";

export class Pages {
  readonly #library: Library;

  constructor(library: Library) {
    this.#library = library;
  }

  async page(path: string, request: PageRequest): Promise<Page> {
    const segments = checkPath(path);
    const after = request.cursor === undefined ? undefined : decodeCursor(request.cursor);
    using folder = this.#library.beneath.folder(segments);
    const names = await readNames(folder, path);
    const isRoot = this.#library.isRoot(folder);
    const entries: StoreEntry[] = [];
    let skippedNames = 0;
    let bytes = 0;
    let last: Buffer | undefined;
    for (const [index, raw] of names.entries()) {
      if (after !== undefined && Buffer.compare(raw, after) <= 0) continue;
      if (!request.hidden && raw[0] === 0x2e) continue;
      const name = raw.toString();
      if (isRoot && isOwnFolder(name)) continue;
      if (entries.length >= request.limit || (bytes > 0 && bytes + raw.length > request.bytes)) {
        return { entries, cursor: encodeCursor(last ?? raw), skippedNames };
      }
      last = raw;
      if (!isSegment(name) || Buffer.byteLength(name) !== raw.length) {
        skippedNames++;
        continue;
      }
      const entry = this.#entry(segments, folder, name);
      if (entry === undefined) continue;
      entries.push(entry);
      bytes += raw.length;
      if (index % PAGE_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { entries, cursor: undefined, skippedNames };
  }

  #entry(segments: readonly string[], folder: Folder, name: string): StoreEntry | undefined {
    const facts = folder.look(name);
    if (facts === undefined) return undefined;
    if (facts.kind !== "LINK" || !this.#library.beneath.followsLinks) return entryOf(name, facts);
    try {
      return entryOf(name, this.#library.beneath.stat([...segments, name]));
    } catch {
      return entryOf(name, facts);
    }
  }
}

async function readNames(folder: Folder, path: string): Promise<Buffer[]> {
  try {
    const names = await readdir(`${folder.path}/.`, { encoding: "buffer" });
    return names.sort(Buffer.compare);
  } catch (error) {
    throw LeatError.from(error, `cannot list ${quote(path)}`);
  }
}

function encodeCursor(last: Buffer): string {
  return last.toString("base64url");
}

function decodeCursor(cursor: string): Buffer {
  const last = Buffer.from(cursor, "base64url");
  if (last.length === 0 || last.toString("base64url") !== cursor) {
    throw new LeatError("INVALID_ARGUMENT", `the cursor ${quote(cursor)} is none of ours`);
  }
  return last;
}
