/** An entry as it is shown. */
import type { Entry } from "../../wire/gen/messages.ts";

export const isFolder = (entry: Entry): boolean => entry.kind === "DIRECTORY";

/** For `--json`. */
export function entryFacts(entry: Entry): object {
  const { name, kind, size, modified, mode, version } = entry;
  return {
    name,
    kind: kind.toLowerCase(),
    size,
    modified: modified === undefined ? null : isoTime(modified.seconds, modified.nanoseconds),
    mode: modeText(mode),
    ...(version === "" ? {} : { version }),
  };
}

export const modeText = (mode: number): string => mode.toString(8).padStart(4, "0");

/** With all the digits there are; null for a year no calendar has. */
function isoTime(seconds: number, nanoseconds: number): string | null {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  return date.toISOString().replace(/\.\d+Z$/, fraction === "" ? "Z" : `.${fraction}Z`);
}
