/** The names in a line of the shell, as a command takes them: `~` is the home folder, and what is quoted is no pattern. */
import { isPattern } from "../program/given-names.ts";
import { expandHome } from "../program/local-names.ts";
import { namedBy } from "./sides.ts";
import { wordsOf } from "./words.ts";

/** Commands whose names may be patterns. */
const COMMANDS: ReadonlySet<string> = new Set(
  "checksum du get list ls put remove rm stat upload".split(" "),
);

/** @param words of the line, quotes taken away */
export function typedNames(line: string, words: readonly string[]): string[] {
  const typed = wordsOf(line);
  const takesPatterns = COMMANDS.has(words[0] ?? "");
  return words.map((word, index) => {
    if (index === 0) return word;
    const { side, start } = namedBy(words.slice(0, index), word);
    const { start: wordStart = 0, pattern = word } = typed[index] ?? {};
    const name = isPattern(pattern) ? pattern : word;
    const isTarget = start > 0 || ["-o", "--to", "--files-from"].includes(words[index - 1] ?? "");
    const text = takesPatterns && !isTarget && !word.startsWith("-") ? name : word;
    if (side !== "local" || line[wordStart + start] !== "~") return text;
    return text.slice(0, start) + expandHome(text.slice(start));
  });
}
