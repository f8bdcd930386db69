/** What needs no server and no network: the most that the file system lets anyone do. */
import { join } from "node:path";
import type { Measure } from "../support/record.ts";
import type { Client, Entry, Files, WorkKind } from "./competitor.ts";
import type { Site } from "./site.ts";

/** The program that is the ceiling of a kind of work. */
const CEILINGS: { readonly [Kind in WorkKind]?: string } = {
  "small files": "cp -r",
  listing: "ls -l",
};

/** @returns the ceiling of a work; undefined for times, and for the ceiling itself */
export function ceilingOf(kind: WorkKind, measure: Measure, who: string): string | undefined {
  if (measure !== "files" && measure !== "entries") return undefined;
  return CEILINGS[kind] === who ? undefined : CEILINGS[kind];
}

export async function local({ programs, library }: Site): Promise<Entry> {
  const [cp, ls] = [programs.need("cp"), programs.need("ls")];
  const copy = (from: string, to: string) => ({ argv: [cp, "-r", `${from}/.`, to] });
  const client: Client = {
    download: ({ folder }: Files, to) => copy(folder, to),
    upload: ({ folder }: Files, to) => copy(folder, join(library, to)),
    list: (path) => ({ argv: [ls, "-l", join(library, path)] }),
  };
  return {
    competitors: Object.entries(CEILINGS).map(([kind, who]) => ({
      who,
      client,
      kinds: [kind as WorkKind],
    })),
    async [Symbol.asyncDispose]() {},
  };
}
