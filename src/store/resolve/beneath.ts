/**
 * How a checked path becomes something on disk without leaving the library, whatever links say.
 *
 * Two ways, one contract. On Linux the kernel resolves (kernel-beneath.ts): links that stay inside
 * are followed, whatever leads outside is refused. Elsewhere a walk goes folder by folder and
 * follows no link at all (walk.ts).
 *
 * A name is resolved once, to a descriptor; what is done then is done to that descriptor. So there
 * is no moment between a check and a use at which somebody could put a link in between.
 */

import { descriptorFacts } from "../system/descriptor.ts";
import { type Facts, sameThing } from "../system/facts.ts";
import type { NameTaker } from "./folder-reader.ts";

/** A folder inside the library, held open: what happens to its name does not matter any more. */
export interface Folder extends Disposable {
  /** The folder itself, for node:fs; good until it is disposed. */
  readonly path: string;
  readonly facts: Facts;
  /** A descriptor of it, O_PATH, where there is one and calls take it: for kernel.ts. */
  readonly fd?: number;
  /** A path for node:fs to one segment in this folder; good until the folder is disposed. */
  pathOf(name: string): string;
  /**
   * What this name is, a link not followed; undefined when there is none.
   * @throws PERMISSION_DENIED, IO_ERROR
   */
  stat(name: string): Facts | undefined;
  /**
   * The folder of this name, a link not followed.
   * @param path for messages
   * @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED
   */
  child(name: string, path: string): Folder;
  /**
   * Reads the raw names in it, in no order.
   * @param shown its path, for messages
   */
  readNames(shown: string, taker: NameTaker): Promise<void>;
}

/** A file open for reading. Its holder closes `fd`. */
export interface OpenFile {
  readonly fd: number;
  readonly facts: Facts;
}

export interface Beneath extends Disposable {
  /** The library's folder, for node:fs; good until this is disposed. */
  readonly path: string;
  /** Whether links that stay inside are followed; if not, every link is refused. */
  readonly followsLinks: boolean;
  /** @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED (a link that leads outside) */
  folder(segments: readonly string[]): Folder;
  /** What a path leads to. @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED */
  stat(segments: readonly string[]): Facts;
  /**
   * Opens a regular file for reading. Anything else is looked at but never opened: opening a FIFO
   * blocks, and opening a device may do something.
   * @throws NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
   */
  openFile(segments: readonly string[]): OpenFile;
}

/** Whether an open file still has this name. */
export function isNamed(fd: number, folder: Folder, name: string): boolean {
  const named = folder.stat(name);
  return named !== undefined && sameThing(named, descriptorFacts(fd));
}
