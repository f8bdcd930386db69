/** Counts what is in a folder and below it, with pauses for the event loop. */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { pause } from "../../next-turn.ts";
import { OWN_FOLDER } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import type { Library } from "../resolve/library.ts";
import { bytesOf, type Facts } from "../system/facts.ts";

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
    const isLeftOut = (name: string): boolean => segments!.length === 0 && name === OWN_FOLDER;
    let children: string[] = [];
    try {
      using folder = library.resolver.folder(segments);
      children = await countFolder(folder, sum, isOver, isLeftOut);
    } catch (thrown) {
      if (!isOutOfReach(thrown)) throw thrown;
    }
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
      const facts = factsOf(folder, raw);
      if (facts === undefined) return;
      sum.names += 1;
      if (facts === "unknown") return;
      sum.bytes += bytesOf(facts);
      if (facts.kind === "DIRECTORY") folders.push(name);
    },
    async settle() {
      if (isOver()) throw new LeatError("UNAVAILABLE", "the library is being closed");
      await pause();
    },
  });
  return folders;
}

/** @returns "unknown" of a mount whose server is down, or a damaged inode: a list has its name, too */
function factsOf(folder: Folder, name: Buffer): Facts | "unknown" | undefined {
  try {
    return folder.statBytes(name, 0, name.length);
  } catch {
    return "unknown";
  }
}

/** A folder that may not be read, as a `lost+found`, or is gone by now, holds nothing that its user could change. */
function isOutOfReach(thrown: unknown): boolean {
  const codes: readonly ErrorCode[] = ["NOT_FOUND", "NOT_A_DIRECTORY", "PERMISSION_DENIED"];
  return thrown instanceof LeatError && codes.includes(thrown.code);
}
