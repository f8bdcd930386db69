/** Counts what is in a folder and below it, with pauses for the event loop. */
import { LeatError } from "../../errors.ts";
import { pause } from "../../next-turn.ts";
import { OWN_FOLDER } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Library } from "../resolve/library.ts";

export interface Sum {
  bytes: number;
  /** Files, folders and links. */
  names: number;
}

/**
 * @param isOver whether the sum is no longer wanted
 * @throws UNAVAILABLE when it is over
 */
export async function countLibrary(library: Library, isOver: () => boolean): Promise<Sum> {
  const sum: Sum = { bytes: 0, names: 0 };
  const waiting: string[][] = [[]];
  for (let segments = waiting.pop(); segments !== undefined; segments = waiting.pop()) {
    using folder = openIfThere(library, segments);
    if (folder === undefined) continue;
    const children = await countFolder(
      folder,
      sum,
      isOver,
      (name) => segments!.length === 0 && name === OWN_FOLDER,
    );
    for (const name of children) waiting.push([...segments, name]);
  }
  return sum;
}

/**
 * Adds what is in one folder.
 * @param isLeftOut tells names that do not count
 * @returns the folders in it
 */
export async function countFolder(
  folder: Folder,
  sum: Sum,
  isOver: () => boolean,
  isLeftOut: (name: string) => boolean = () => false,
): Promise<string[]> {
  const folders: string[] = [];
  await folder.readNames("a folder of a user", {
    take(bytes, start, end) {
      const raw = Buffer.from(bytes.subarray(start, end));
      const name = raw.toString();
      if (isLeftOut(name)) return;
      const facts = folder.statBytes(raw, 0, raw.length);
      if (facts === undefined) return;
      sum.names += 1;
      if (facts.kind === "FILE") sum.bytes += facts.size;
      if (facts.kind === "DIRECTORY") folders.push(name);
    },
    async settle() {
      if (isOver()) throw new LeatError("UNAVAILABLE", "the library is being closed");
      await pause();
    },
  });
  return folders;
}

/** One that may not be read, or is gone by now, holds nothing that its user could change. */
function openIfThere(library: Library, segments: string[]): Folder | undefined {
  try {
    return library.resolver.folder(segments);
  } catch {
    return undefined;
  }
}
