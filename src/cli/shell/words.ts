/** Splits a line into words, with the quoting of other shells. */
import { UsageError } from "../program/exit-codes.ts";

type Quote = '"' | "'";

export interface Word {
  /** Without quotes and escapes. */
  readonly text: string;
  /** The same as a pattern: a backslash is before each character of patterns that is quoted. */
  readonly pattern: string;
  /** Index in the line. */
  readonly start: number;
  /** A quote that is not closed. */
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
  let index = 0;
  while (true) {
    while (isSpace(line[index])) index++;
    if (index >= line.length) return words;
    const [word, end] = readWord(line, index);
    words.push(word);
    index = end;
  }
}

function readWord(line: string, start: number): [Word, number] {
  let text = "";
  let pattern = "";
  let open: Quote | undefined;
  let index = start;
  for (; index < line.length; index++) {
    const character = line[index]!;
    if (open === undefined && isSpace(character)) break;
    if (character === open) open = undefined;
    else if (open === undefined && (character === '"' || character === "'")) open = character;
    else {
      const isEscaped = isEscape(line, index, open);
      const taken = isEscaped ? line[++index]! : character;
      text += taken;
      pattern += isEscaped || open !== undefined ? taken.replace(/[*?[\]{},\\]/, "\\$&") : taken;
    }
  }
  return [{ text, pattern, start, open }, index];
}

/** As in other shells, other spaces do not separate words: a no-break space is part of a name. */
const isSpace = (character: string | undefined): boolean =>
  character === " " || character === "\t" || character === "\r" || character === "\n";

/** Whether a backslash escapes the next character: in double quotes only characters that are special there. */
function isEscape(line: string, index: number, open: Quote | undefined): boolean {
  const next = line[index + 1];
  if (line[index] !== "\\" || next === undefined || open === "'") return false;
  return open === undefined || '"\\$`'.includes(next);
}

/** Quotes a name: `splitWords` gives it back. */
export function quoteWord(text: string, open: Quote | undefined): string {
  if (open === "'" && !text.includes("'")) return `'${text}`;
  if (open !== undefined) return `"${text.replace(/["\\$`]/g, "\\$&")}`;
  return text.replace(/[ \t\r\n"'\\]/g, "\\$&").replace(/^[#~]/, "\\$&");
}
