/**
 * The sorted names of a folder, or as many of them as fit: a window that begins behind a name and
 * ends at the last name or where its bytes are used up. So a folder of any size is listed in bounded
 * memory; one that does not fit is read again for every window.
 */

import { FOLDER_WINDOW_BYTES } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import type { NameTaker } from "../resolve/folder-reader.ts";
import { PackedNames } from "./packed-names.ts";

export interface FolderNames {
  /** Sorted: every name behind `after`, up to the last one here. */
  readonly names: PackedNames;
  /** The window begins behind this name; undefined: at the first name. */
  readonly after: Uint8Array | undefined;
  /** No name follows the last one here. */
  readonly complete: boolean;
}

/**
 * @param after names up to this one are left out
 * @param shown the folder's path, for messages
 * @param room bytes of the window, and a way to ask for more when they are used up
 */
export async function readFolderNames(
  folder: Folder,
  after: Uint8Array | undefined,
  shown: string,
  room: Room = { bytes: FOLDER_WINDOW_BYTES },
): Promise<FolderNames> {
  const window = new Window(after, room);
  await folder.readNames(shown, window);
  return await window.finish();
}

export interface Room {
  readonly bytes: number;
  /** @returns more bytes, or 0: the folder is to be read again for what does not fit */
  readonly more?: () => number;
}

class Window implements NameTaker {
  readonly #after: Uint8Array | undefined;
  readonly #more: (() => number) | undefined;
  #limit: number;
  #names = new PackedNames();
  /** Names behind this one do not fit any more. */
  #last: Uint8Array | undefined;

  constructor(after: Uint8Array | undefined, { bytes, more }: Room) {
    this.#after = after;
    this.#limit = bytes;
    this.#more = more;
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    if (this.#after !== undefined && compare(bytes, start, end, this.#after) <= 0) return;
    if (this.#last !== undefined && compare(bytes, start, end, this.#last) > 0) return;
    this.#names.add(bytes, start, end);
  }

  /** Makes room, or keeps the lower half of what does not fit: the window ends there now. */
  async settle(): Promise<void> {
    while (this.#names.size > this.#limit && this.#names.count > 1) {
      const more = this.#more?.() ?? 0;
      this.#limit += more;
      if (more > 0) continue;
      await this.#names.order();
      this.#names = await this.#names.first(this.#names.count >>> 1);
      this.#last = this.#names.name(this.#names.count - 1);
    }
  }

  async finish(): Promise<FolderNames> {
    await this.settle();
    await this.#names.order();
    const names = await this.#names.first(this.#names.count);
    return { names, after: this.#after, complete: this.#last === undefined };
  }
}

function compare(bytes: Uint8Array, start: number, end: number, name: Uint8Array): number {
  const length = Math.min(end - start, name.length);
  for (let i = 0; i < length; i++) {
    const difference = (bytes[start + i] ?? 0) - (name[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return end - start - name.length;
}
