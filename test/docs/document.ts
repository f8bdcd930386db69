/** Reads what a document in docs/ says, so that a test can hold it to the code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const DOCS = join(import.meta.dir, "../../docs");

export const readDocument = (name: string): string => readFileSync(join(DOCS, name), "utf8");

/** The text between `<!-- NAME… -->` and `<!-- end of NAME -->`. */
export function part(document: string, name: string): string {
  const found = new RegExp(`<!-- ${name}\\b[^>]*-->\\n([^]*?)<!-- end of ${name} -->`).exec(
    document,
  );
  if (found === null) throw new Error(`the document has no part "${name}"`);
  return found[1]!.trim();
}

/** The cells of a table's rows, the two head rows left out. Backticks are dropped. */
export function rows(table: string): string[][] {
  return table
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

/** As a formatter may lay it out: runs of spaces and of dashes are one. */
export const plain = (text: string): string =>
  text.replaceAll(/-{3,}/g, "---").replaceAll(/\| +/g, "| ").replaceAll(/ +\|/g, " |").trim();

/** Numbers as people read them: `1,048,576`. */
export const numberOf = (cell: string): number => Number(cell.replaceAll(",", ""));
