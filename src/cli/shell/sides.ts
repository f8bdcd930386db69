/** Whether a word of a line is a local name or one in the library: for Tab, `~` and patterns. */

export type Side = "local" | "remote";

/** Commands whose arguments are local names. */
const LOCAL: ReadonlySet<string> = new Set(["upload", "put", "lcd"]);

/** Commands whose `--to` is a name of the other side. */
const TWO_SIDED: ReadonlySet<string> = new Set(["upload", "put", "get"]);

/** The flag of a word that ends in a name: `--to=x`, `-ox`. */
const ATTACHED = /^(--to=|-o)(?=.)/;

interface Named {
  readonly side: Side;
  /** Index in the word at which the name begins. */
  readonly start: number;
}

/** The folders of a sync: the one in the library begins with a colon. */
const OF_LIBRARY: Named = { side: "remote", start: 1 };
const OF_HERE: Named = { side: "local", start: 0 };

/** @param before the words before it, the command first */
export function namedBy(before: readonly string[], word: string): Named {
  const [command = "", ...rest] = before;
  if (command === "sync") return word.startsWith(":") ? OF_LIBRARY : OF_HERE;
  const own: Side = LOCAL.has(command) ? "local" : "remote";
  if (!TWO_SIDED.has(command) || rest.includes("--")) return { side: own, start: 0 };
  const other: Side = own === "local" ? "remote" : "local";
  const last = rest.at(-1);
  if (last === "--files-from") return OF_HERE;
  if (last === "-o" || last === "--to") return { side: other, start: 0 };
  const attached = ATTACHED.exec(word)?.[0];
  return attached === undefined ? { side: own, start: 0 } : { side: other, start: attached.length };
}
