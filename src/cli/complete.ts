/** What Tab adds to a line: commands, names in the library, files to upload. */
import { readdirSync } from "node:fs";
import type { Client } from "../client/client.ts";
import { remoteName } from "./paths.ts";
import { printable } from "./terminal-text.ts";
import { type Word, quoteWord, wordsOf } from "./words.ts";

/** Nobody reads through more. */
const MOST = 200;

/** Milliseconds that a Tab may take. */
const PATIENCE = 2_000;

interface Found {
  readonly name: string;
  readonly folder: boolean;
}

/** @returns what the last word may become, and that word as typed */
export async function complete(
  line: string,
  commands: readonly string[],
  client: () => Promise<Client>,
): Promise<[hits: string[], of: string]> {
  const words = wordsOf(line);
  const last = words.at(-1);
  const fresh = last === undefined || (/\s$/.test(line) && last.open === undefined);
  const word: Word = fresh ? { text: "", start: line.length, open: undefined } : last;
  const before = fresh ? words : words.slice(0, -1);
  const typed = line.slice(word.start);
  const [command] = before;
  if (command === undefined || command.text === "help") {
    const hits = commands.filter((name) => name.startsWith(word.text)).map((name) => `${name} `);
    return [hits, typed];
  }
  const local = command.text === "upload" || command.text === "put";
  const split = word.text.lastIndexOf("/") + 1;
  const folder = word.text.slice(0, split);
  const prefix = word.text.slice(split);
  const found = local ? localNames(folder, prefix) : remoteNames(await client(), folder, prefix);
  const hits: string[] = [];
  for await (const { name, folder: isFolder } of found) {
    // What cannot be shown as it is cannot be typed, either.
    if (printable(name) !== name) continue;
    const end = isFolder ? "/" : (word.open ?? "") + " ";
    hits.push(quoteWord(folder + name, word.open) + end);
    if (hits.length === MOST) break;
  }
  return [hits, typed];
}

async function* remoteNames(client: Client, folder: string, prefix: string) {
  const signal = AbortSignal.timeout(PATIENCE);
  const hidden = prefix.startsWith(".");
  for await (const { name, kind } of client.list(remoteName(folder), { hidden, signal })) {
    if (name.startsWith(prefix)) yield { name, folder: kind === "DIRECTORY" };
  }
}

function* localNames(folder: string, prefix: string): Generator<Found> {
  for (const entry of readdirSync(folder === "" ? "." : folder, { withFileTypes: true })) {
    const { name } = entry;
    const hidden = name.startsWith(".") && !prefix.startsWith(".");
    if (name.startsWith(prefix) && !hidden) yield { name, folder: entry.isDirectory() };
  }
}
