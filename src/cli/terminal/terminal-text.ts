/** Text from others, made safe to show; and text made to fit a terminal's line. */

/**
 * Controls, line separators, and marks that turn the direction of text: what could move the cursor,
 * start an escape sequence or show a name as another.
 */
export const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Nearly every text: no need to look further. */
const PLAIN = /^[\x20-\x7e]*$/;

/** The text on one line, without characters that a terminal would obey. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
  });
}

/** Cut to at most so many columns, with "…" at the end. */
export function fit(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const character of text) {
    width += Bun.stringWidth(character);
    if (width > columns - 1) break;
    cut += character;
  }
  return columns < 1 ? "" : `${cut}…`;
}

/** Cut to at most so many columns, with "…" at the start: of a path, the end says more. */
export function fitEnd(text: string, columns: number): string {
  let width = Bun.stringWidth(text);
  if (width <= columns) return text;
  let at = 0;
  for (const character of text) {
    if (width <= columns - 1) break;
    width -= Bun.stringWidth(character);
    at += character.length;
  }
  return columns < 1 ? "" : `…${text.slice(at)}`;
}

/** Filled up to so many columns. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - Bun.stringWidth(text)));
}
