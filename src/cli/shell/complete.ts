/** Completes a line for Tab: commands, flags, names in the library or on this machine. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Client } from "../../client/client.ts";
import { expandHome } from "../program/local-names.ts";
import type { CurrentFolder } from "../program/current-folder.ts";
import { namedBy } from "./sides.ts";
import { printable } from "../terminal/terminal-text.ts";
import { namesOf } from "../program/unknown-command.ts";
import { type Word, quoteWord, wordsOf } from "./words.ts";

/** Names that are shown at most. */
const MOST = 200;

/** Milliseconds that a Tab may take. */
const DEADLINE = 2_000;

/** Commands that take folders only. */
const OF_FOLDERS: ReadonlySet<string> = new Set(["cd", "lcd"]);

interface CompleteWith {
  readonly commands: readonly Command[];
  /** Names of more commands. */
  readonly more: readonly string[];
  readonly currentFolder: CurrentFolder;
  readonly client: () => Promise<Client>;
}

type Hits = [hits: string[], of: string];

/** @returns the words that the last one may become, and that one as typed */
export async function complete(line: string, by: CompleteWith): Promise<Hits> {
  const words = wordsOf(line);
  const last = words.at(-1);
  const isNew = last === undefined || (/[ \t]$/.test(line) && hasEnded(last, line));
  const word: Word = isNew ? { text: "", pattern: "", start: line.length, open: undefined } : last;
  const before = (isNew ? words : words.slice(0, -1)).map(({ text }) => text);
  const typed = line.slice(word.start);
  const [command] = before;
  if (command === undefined || command === "help" || command === "?") {
    return [before.length < 2 ? starting(commandNames(by), word.text) : [], typed];
  }
  const known = by.commands.find((each) => namesOf(each).includes(command));
  if (word.text.startsWith("-") && !before.includes("--")) {
    const { start } = namedBy(before, word.text);
    if (start === 0) return [starting(flagsOf(known), word.text), typed];
  }
  const choices = choicesBehind(known, before.at(-1));
  if (choices !== undefined) return [starting(choices, word.text), typed];
  return [await names(before, word, typed, by), typed];
}

/** Whether the space at the end of the line ends the word, and is not a quoted or escaped part of it. */
function hasEnded(word: Word, line: string): boolean {
  return word.open === undefined && wordsOf(`${line}x`).length > wordsOf(line).length;
}

const commandNames = ({ commands, more }: CompleteWith): string[] => [
  ...commands.map((command) => command.name()),
  ...more,
];

function flagsOf(command: Command | undefined): string[] {
  const own = command?.options.map(({ long }) => long).filter((long) => long != null) ?? [];
  return [...own, "--help"];
}

function choicesBehind(command: Command | undefined, flag = ""): readonly string[] | undefined {
  return command?.options.find(({ short, long }) => flag === short || flag === long)?.argChoices;
}

const starting = (all: readonly string[], typed: string): string[] =>
  all.filter((name) => name.startsWith(typed)).map((name) => `${name} `);

async function names(
  before: readonly string[],
  word: Word,
  typed: string,
  { currentFolder, client }: CompleteWith,
): Promise<string[]> {
  const { side, start } = namedBy(before, word.text);
  const flag = word.text.slice(0, start);
  const text = word.text.slice(start);
  const split = text.lastIndexOf("/") + 1;
  const folder = text.slice(0, split);
  const prefix = text.slice(split);
  // An unquoted ~ stands for the home folder, and stays as it is.
  const home = side === "local" && typed.slice(start).startsWith("~/") ? "~/" : "";
  const found =
    side === "local"
      ? localNames(home === "" ? folder : expandHome(folder), prefix)
      : remoteNames(await client(), currentFolder.resolve(folder === "" ? "." : folder), prefix);
  const hits: string[] = [];
  for await (const { name, folder: isFolder } of found) {
    if (OF_FOLDERS.has(before[0] ?? "") && !isFolder) continue;
    // A name with controls cannot be typed.
    if (printable(name) !== name) continue;
    const end = isFolder ? "/" : (word.open ?? "") + " ";
    hits.push(flag + home + quoteWord(folder.slice(home.length) + name, word.open) + end);
    if (hits.length === MOST) break;
  }
  return hits;
}

async function* remoteNames(client: Client, folder: string, prefix: string) {
  const signal = AbortSignal.timeout(DEADLINE);
  const hidden = prefix.startsWith(".");
  for await (const { name, kind } of client.list(folder, { hidden, signal })) {
    if (name.startsWith(prefix)) yield { name, folder: kind === "DIRECTORY" };
  }
}

function* localNames(folder: string, prefix: string) {
  const path = folder === "" ? "." : folder;
  const entries = readdirSync(path, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry;
    const hidden = name.startsWith(".") && !prefix.startsWith(".");
    if (!name.startsWith(prefix) || hidden) continue;
    yield {
      name,
      folder: entry.isSymbolicLink() ? isFolder(join(path, name)) : entry.isDirectory(),
    };
  }
}

/** A link to a folder is completed as a folder. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // a link to nothing
  }
}
