/** Entries as `list` prints them. */
import type { GlobFlags } from "../program/given-names.ts";
import { jsonLine, type Output } from "../terminal/output.ts";
import { bytesText, timeText } from "../terminal/units.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import { entryFacts, isFolder } from "./entry.ts";

export interface ListFlags extends GlobFlags {
  readonly all?: boolean;
  readonly long?: boolean;
  readonly humanReadable?: boolean;
  readonly json?: boolean;
}

/** @param entries with a `path`, which JSON has too, where they are of a tree */
export function entriesText(
  entries: readonly (Entry & { readonly path?: string })[],
  flags: ListFlags,
  output: Output,
): string {
  if (flags.json === true) {
    return entries
      .map((entry) => {
        const { path, link } = entry;
        const facts = entryFacts(entry);
        return jsonLine(path === undefined ? facts : { path, ...facts, link });
      })
      .join("");
  }
  const names = entries.map((entry) => output.name(entry.name + (isFolder(entry) ? "/" : "")));
  if (flags.long !== true) return names.map((name) => `${name}\n`).join("");
  const sizeText = flags.humanReadable === true ? bytesText : String;
  const sizes = entries.map(({ kind, size }) => (kind === "FILE" ? sizeText(size) : "-"));
  // Aligned within a page: the whole listing may be larger than memory.
  const width = sizes.reduce((most, { length }) => Math.max(most, length), 0);
  const line = ({ modified }: Entry, index: number): string =>
    `${sizes[index]!.padStart(width)}  ${timeText(modified).padEnd(20)}  ${names[index]}\n`;
  return entries.map(line).join("");
}
