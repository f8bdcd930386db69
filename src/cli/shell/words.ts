/** A typed line cut into words, with the quoting that every shell has. */
import { UsageError } from "../program/exit-codes.ts";

export type Quote = '"' | "'";

export interface Word {
  /** What is meant. */
  readonly text: string;
  /** Where it begins in the line, as typed. */
  readonly start: number;
  /** The quote that was opened and not closed. */
  readonly open: Quote | undefined;
}

/**
 * `get "my file" it\'s` is three words. A line that begins with # has none.
 * @throws UsageError for a quote that is not closed
 */
export function splitWords(line: string): string[] {
  if (line.trimStart().startsWith("#")) return [];
  const words = wordsOf(line);
  const open = words.at(-1)?.open;
  if (open !== undefined) throw new UsageError(`a quote (${open}) is opened and not closed`);
  return words.map((word) => word.text);
}

/** The words of a line that may be unfinished. */
export function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (true) {
    while (isSpace(line[at])) at++;
    if (at >= line.length) return words;
    const [word, end] = readWord(line, at);
    words.push(word);
    at = end;
  }
}

function readWord(line: string, start: number): [Word, number] {
  let text = "";
  let open: Quote | undefined;
  let at = start;
  for (; at < line.length; at++) {
    const character = line[at]!;
    if (open === undefined && isSpace(character)) break;
    if (character === open) open = undefined;
    else if (open === undefined && (character === '"' || character === "'")) open = character;
    else if (isEscape(line, at, open)) text += line[++at]!;
    else text += character;
  }
  return [{ text, start, open }, at];
}

/** Nothing else separates words, as in other shells: a no-break space is part of a name. */
const isSpace = (character: string | undefined): boolean =>
  character === " " || character === "\t" || character === "\r" || character === "\n";

/** A backslash takes the next character as it is; in double quotes only what is special in a shell. */
function isEscape(line: string, at: number, open: Quote | undefined): boolean {
  const next = line[at + 1];
  if (line[at] !== "\\" || next === undefined || open === "'") return false;
  return open === undefined || '"\\$`'.includes(next);
}

/** A name typed so that `splitWords` gives it back. */
export function quoteWord(text: string, open: Quote | undefined): string {
  if (open === "'" && !text.includes("'")) return `'${text}`;
  if (open !== undefined) return `"${text.replace(/["\\$`]/g, "\\$&")}`;
  return text.replace(/[ \t\r\n"'\\]/g, "\\$&").replace(/^[#~]/, "\\$&");
}
