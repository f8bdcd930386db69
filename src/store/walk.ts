/**
 * Resolution where the kernel cannot keep us inside: folder by folder, no link followed.
 *
 * With /proc each step is taken from the descriptor of the step before, and nobody can put a link
 * in between. Without it (macOS) steps are looked at by path: whoever may change folders inside the
 * library on the server itself could race us, a peer could not, for no request makes links.
 */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { LeatError } from "../errors.ts";
import type { Beneath, Folder, OpenFile } from "./beneath.ts";
import { type Facts, factsOf, sameThing } from "./facts.ts";
import { quote } from "./names.ts";
import { isDirectory, linkRefused, notFound, notRegular } from "./refusals.ts";
import { DescriptorFolder, PathFolder, type WalkFolder } from "./walk-folder.ts";

/** What a walk holds on to from step to step. */
export type Hold = "descriptor" | "path";

/** macOS: no component of the path may be a link. Elsewhere the last one alone is guarded. */
const NO_FOLLOW = process.platform === "darwin" ? 0x2000_0000 : constants.O_NOFOLLOW;

export class WalkBeneath implements Beneath {
  readonly followsLinks = false;
  readonly #root: WalkFolder;

  /** @param root real path of the library */
  constructor(root: string, hold: Hold) {
    this.#root = hold === "path" ? new PathFolder(root) : DescriptorFolder.open(root);
  }

  folder(segments: readonly string[]): Folder {
    let folder = this.#root.again();
    for (const [index, segment] of segments.entries()) {
      using before = folder;
      folder = before.child(segment, segments.slice(0, index + 1).join("/"));
    }
    return folder;
  }

  stat(segments: readonly string[]): Facts {
    const name = segments.at(-1);
    using folder = this.folder(segments.slice(0, -1));
    const facts = name === undefined ? folder.facts : folder.look(name);
    if (facts === undefined) throw notFound(segments.join("/"));
    if (facts.kind === "LINK") throw linkRefused(segments.join("/"));
    return facts;
  }

  openFile(segments: readonly string[]): OpenFile {
    const path = segments.join("/");
    const name = segments.at(-1);
    if (name === undefined) throw isDirectory(path);
    using folder = this.folder(segments.slice(0, -1));
    return openRegular(folder, name, path);
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }
}

function openRegular(folder: Folder, name: string, path: string): OpenFile {
  const seen = folder.look(name);
  if (seen === undefined) throw notFound(path);
  if (seen.kind === "LINK") throw linkRefused(path);
  if (seen.kind === "DIRECTORY") throw isDirectory(path);
  if (seen.kind !== "FILE") throw notRegular(path);
  const fd = openQuickly(folder.at(name), path);
  try {
    // It may have been swapped since: O_NONBLOCK has kept that harmless, and it is not served.
    const facts = factsOf(fstatSync(fd, { bigint: true }));
    if (!sameThing(facts, seen) || facts.kind !== "FILE") throw changedUnderway(path);
    return { fd, facts };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openQuickly(at: string, path: string): number {
  try {
    return openSync(at, constants.O_RDONLY | NO_FOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw LeatError.from(error, `cannot open ${quote(path)}`);
  }
}

function changedUnderway(path: string): LeatError {
  return new LeatError("CHANGED", `${quote(path)} was replaced while it was opened`);
}
