/** Whether a word of a line names something here or in the library: for Tab, and for `~`. */

export type Side = "local" | "remote";

/** Commands whose arguments are local. */
const LOCAL: ReadonlySet<string> = new Set(["upload", "put", "lcd"]);

/** Commands of which `--to` names something on the other side. */
const TWO_SIDED: ReadonlySet<string> = new Set(["upload", "put", "get"]);

/** A word of which the end is a name: `--to=x`, `-ox`. */
const ATTACHED = /^(--to=|-o)(?=.)/;

export interface Named {
  readonly side: Side;
  /** Where the name begins in the word. */
  readonly at: number;
}

/** @param before the words before it, the command first */
export function namedBy(before: readonly string[], word: string): Named {
  const [command = "", ...rest] = before;
  const own: Side = LOCAL.has(command) ? "local" : "remote";
  if (!TWO_SIDED.has(command) || rest.includes("--")) return { side: own, at: 0 };
  const other: Side = own === "local" ? "remote" : "local";
  const last = rest.at(-1);
  if (last === "-o" || last === "--to") return { side: other, at: 0 };
  const attached = ATTACHED.exec(word)?.[0];
  return attached === undefined ? { side: own, at: 0 } : { side: other, at: attached.length };
}
