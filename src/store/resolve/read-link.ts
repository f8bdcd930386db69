/** Reads the text of a symbolic link. */
import { readlinkSync } from "node:fs";
import { leadsWithin } from "../names.ts";
import type { Folder } from "./folder.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @returns undefined where it is no link, or its text is not UTF-8 */
export function readLink(folder: Folder, name: string): string | undefined {
  try {
    return decoder.decode(readlinkSync(folder.pathOf(name), { encoding: "buffer" }));
  } catch {
    return undefined;
  }
}

/** The same, where it leads to something in its tree. @param depth as for `leadsWithin` */
export function readLinkWithin(folder: Folder, name: string, depth: number): string | undefined {
  const target = readLink(folder, name);
  return target !== undefined && leadsWithin(target, depth) ? target : undefined;
}
