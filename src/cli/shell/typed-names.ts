/**
 * Expands words that are not quoted, as other shells do: `~` is the home folder in local names; `*`, `?` and
 * `[…]` in the last segment of a name stand for the names that match. A pattern that matches nothing stays as
 * it is, and the command reports that there is no such name.
 */
import { readdirSync } from "node:fs";
import type { Client } from "../../client/client.ts";
import { LeatError } from "../../errors.ts";
import { UsageError } from "../program/exit-codes.ts";
import { expandHome } from "../program/local-names.ts";
import type { CurrentFolder } from "../program/current-folder.ts";
import { type Side, namedBy } from "./sides.ts";
import { wordsOf } from "./words.ts";

/** Commands that take several names. */
const COMMANDS: ReadonlySet<string> = new Set(
  "checksum du get list ls put remove rm stat upload".split(" "),
);

/** More names are probably a mistake, and are better moved as a tree. */
const MOST = 10_000;

interface NamesIn {
  readonly currentFolder: CurrentFolder;
  readonly signal: AbortSignal;
  client(): Promise<Client>;
}

/** @param words of the line, quotes taken away @throws UsageError where too many names match */
export async function typedNames(
  line: string,
  words: readonly string[],
  within: NamesIn,
): Promise<string[]> {
  const typed = wordsOf(line);
  const takesPatterns = COMMANDS.has(words[0] ?? "");
  const all: string[] = [];
  for (const [index, word] of words.entries()) {
    const { side, start } = namedBy(words.slice(0, index), word);
    const wordStart = typed[index]?.start ?? 0;
    const isQuoted = line.slice(wordStart).split(/[ \t\r\n]/, 1)[0] !== word;
    const isTarget = start > 0 || ["-o", "--to"].includes(words[index - 1] ?? "");
    const isName = index > 0 && !isTarget && !word.startsWith("-");
    if (takesPatterns && isName && !isQuoted && isPattern(word)) {
      all.push(...(await matching(word, side, within)));
    } else if (index > 0 && side === "local" && line[wordStart + start] === "~") {
      all.push(word.slice(0, start) + expandHome(word.slice(start)));
    } else all.push(word);
  }
  return all;
}

const isSystem = (thrown: unknown): boolean => thrown instanceof Error && "syscall" in thrown;

function isPattern(word: string): boolean {
  const split = word.lastIndexOf("/") + 1;
  return /[*?[]/.test(word.slice(split)) && !/[*?[]/.test(word.slice(0, split));
}

async function matching(word: string, side: Side, within: NamesIn): Promise<string[]> {
  const split = word.lastIndexOf("/") + 1;
  const folder = side === "local" ? expandHome(word.slice(0, split)) : word.slice(0, split);
  const pattern = word.slice(split);
  const glob = new Bun.Glob(pattern.replace(/^!/, "\\!"));
  const found: string[] = [];
  try {
    const names =
      side === "local" ? readdirSync(folder || ".").toSorted() : remoteNames(folder, within);
    for await (const name of names) {
      if (name.startsWith(".") !== pattern.startsWith(".") || !glob.match(name)) continue;
      // A name that begins with a dash would be taken for a flag.
      found.push((folder + name).replace(/^-/, "./-"));
      if (found.length > MOST) throw new UsageError(`more than ${MOST} names match ${word}`);
    }
  } catch (thrown) {
    // The folder does not exist: the command reports it.
    if (!(thrown instanceof LeatError) && !isSystem(thrown)) throw thrown;
  }
  return found.length === 0 ? [word] : found;
}

async function* remoteNames(folder: string, within: NamesIn): AsyncGenerator<string> {
  const { currentFolder, signal } = within;
  const path = currentFolder.resolve(folder === "" ? "." : folder);
  const client = await within.client();
  for await (const { name } of client.list(path, { hidden: true, signal })) yield name;
}
