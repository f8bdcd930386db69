/** Entries as they are printed. */
import { secondText } from "../terminal/units.ts";
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
    mode: mode === undefined ? null : modeText(mode),
    ...(version === "" ? {} : { version }),
  };
}

export const modeText = (mode: number): string => mode.toString(8).padStart(4, "0");

/** With nanoseconds, as far as they are not 0. */
function isoTime(seconds: number, nanoseconds: number): string {
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  return `${secondText(seconds)}${fraction === "" ? "" : `.${fraction}`}Z`;
}
