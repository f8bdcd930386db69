/**
 * Resolves a checked path to a file or folder on disk without leaving the library, whatever links say.
 *
 * There are two implementations. On Linux the kernel resolves (kernel-resolver.ts): links that stay
 * inside are followed, and those that lead outside are refused. Elsewhere a walk goes folder by folder
 * and follows no link at all (walk-resolver.ts).
 *
 * A name is resolved once, to a descriptor, and everything else is done to that descriptor. So there is
 * no moment between check and use in which a link could be put in its place.
 */

import type { Facts } from "../system/facts.ts";
import type { Folder } from "./folder.ts";

/** A file open for reading. The caller closes `fd`. */
export interface OpenFile {
  readonly fd: number;
  readonly facts: Facts;
}

export interface Resolver extends Disposable {
  /** The library's folder, for node:fs; good until this is disposed. */
  readonly path: string;
  /** Whether links that stay inside are followed; if not, every link is refused. */
  readonly followsLinks: boolean;
  /** @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED (a link that leads outside) */
  folder(segments: readonly string[]): Folder;
  /** The facts of the thing that a path leads to. @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED */
  stat(segments: readonly string[]): Facts;
  /**
   * Opens a regular file for reading. Nothing else is ever opened: opening a FIFO blocks, and opening
   * a device may have an effect.
   * @throws NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
   */
  openFile(segments: readonly string[]): OpenFile;
}
