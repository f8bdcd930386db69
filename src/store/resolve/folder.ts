/** Folders inside the library, held open. */
import { descriptorFacts } from "../system/descriptor.ts";
import { type Facts, sameThing } from "../system/facts.ts";
import type { NamelessEntry } from "../store.ts";
import type { NameTaker } from "./folder-reader.ts";

/** An open folder: it stays this one, whatever happens to its name. */
export interface Folder extends Disposable {
  /** Path of the folder for node:fs, valid until it is disposed. */
  readonly path: string;
  readonly facts: Facts;
  /** Its O_PATH descriptor, for kernel.ts; missing where the system has none. */
  readonly fd?: number;
  /** Path of a name in this folder for node:fs, valid until the folder is disposed. */
  pathOf(name: string): string;
  /**
   * As lstat(2) of a name in it; undefined when the name does not exist.
   * @throws PERMISSION_DENIED, IO_ERROR
   */
  stat(name: string): Facts | undefined;
  /** The same, its name as the UTF-8 of bytes[start, end). */
  statBytes(bytes: Buffer, start: number, end: number): Facts | undefined;
  /**
   * The entry of a file or folder, quicker; the same object each time, valid until the next call. Missing where the system
   * cannot do that.
   * @returns undefined where `statBytes` has to tell: a link, something else, an error
   */
  quickEntry?(bytes: Buffer, start: number, end: number): NamelessEntry | undefined;
  /**
   * Opens the folder of this name; a link is not followed.
   * @param path for messages
   * @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED
   */
  child(name: string, path: string): Folder;
  /**
   * Reads the raw names in it, unsorted.
   * @param shown its path, for messages
   */
  readNames(shown: string, taker: NameTaker): Promise<void>;
}

/** Whether an open file still has this name. */
export function isNamed(fd: number, folder: Folder, name: string): boolean {
  const named = folder.stat(name);
  return named !== undefined && sameThing(named, descriptorFacts(fd));
}
