/**
 * Patterns of names, as shells have them: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any number of folders. A backslash takes
 * the next character as it is. A name that begins with "." is matched only by a "." in the pattern.
 */
import { LeatError } from "../../errors.ts";
import { GLOB_ALTERNATIVES } from "../../limits.ts";
import { quote } from "../../store/names.ts";

/** Any number of folders. */
const ANY = "**";

/** Whether a name can be a pattern. Without such a character it stands for itself. */
export function isPattern(name: string): boolean {
  return /[*?[{]/.test(name);
}

/** One of the alternatives of a pattern, segment by segment. */
export class GlobPattern {
  /** Leads to the folder in which the first segment with a wildcard is looked for; "" for the root. */
  readonly folder: string;
  readonly #segments: readonly Segment[];

  private constructor(folder: string, segments: readonly Segment[]) {
    this.folder = folder;
    this.#segments = segments;
  }

  /** @throws INVALID_ARGUMENT for more than GLOB_ALTERNATIVES in braces */
  static all(pattern: string): GlobPattern[] {
    return expandBraces(pattern).map((alternative) => {
      const names = alternative.split("/");
      // The last one is looked for, so that only what exists is found.
      const first = names.slice(0, -1).findIndex((name) => isPattern(name) || name.includes("\\"));
      const fixed = names.slice(0, first === -1 ? -1 : first);
      return new GlobPattern(fixed.join("/"), names.slice(fixed.length).map(segment));
    });
  }

  /** How many folders deep its matches are, below `folder`; undefined where any depth is possible. */
  get depth(): number | undefined {
    return this.#segments.some(({ text }) => text === ANY) ? undefined : this.#segments.length;
  }

  /** Whether a name matches the segment at a depth below `folder`. Only where `depth` is defined. */
  matchesAt(depth: number, name: string): boolean {
    return this.#segments[depth]!.matches(name);
  }

  /** Whether a path below `folder` matches. */
  matches(path: string): boolean {
    const segments = this.#segments;
    // The segments that may be next, behind the names so far.
    let next = this.#skipAny([0]);
    for (const name of path.split("/")) {
      const behind = [...next].flatMap((index) => {
        const each = segments[index];
        if (each?.matches(name) !== true) return [];
        if (each.text !== ANY) return [index + 1];
        return index === segments.length - 1 ? [index, index + 1] : [index];
      });
      next = this.#skipAny(behind);
    }
    return next.has(segments.length);
  }

  /** Any number of folders may be none, but at the end of the pattern there is a name. */
  #skipAny(indexes: readonly number[]): Set<number> {
    const all = new Set<number>();
    for (let index of indexes) {
      all.add(index);
      while (this.#segments[index]?.text === ANY && index < this.#segments.length - 1) {
        all.add((index += 1));
      }
    }
    return all;
  }
}

interface Segment {
  readonly text: string;
  readonly matches: (name: string) => boolean;
}

function segment(text: string): Segment {
  const takesHidden = /^\\?\./.test(text);
  const isHidden = (name: string): boolean => name.startsWith(".") && !takesHidden;
  if (text === ANY) return { text, matches: (name) => !isHidden(name) };
  // A Glob takes a "!" at its start as "not".
  const glob = new Bun.Glob(text.replace(/^!/, "\\!"));
  return { text, matches: (name) => !isHidden(name) && glob.match(name) };
}

/** As in shells: `a{b,c{d,e}}` is `ab`, `acd` and `ace`. Braces without a comma stand for themselves. */
function expandBraces(pattern: string): string[] {
  const found = firstGroup(pattern);
  if (found === undefined) return [pattern.replace(/\\.|[{}]/gs, escaped)];
  const before = pattern.slice(0, found.start).replace(/\\.|[{}]/gs, escaped);
  const behind = expandBraces(pattern.slice(found.end));
  const all: string[] = [];
  for (const middle of found.parts.flatMap(expandBraces)) {
    for (const end of behind) all.push(before + middle + end);
    if (all.length > GLOB_ALTERNATIVES) throw tooMany(pattern);
  }
  return all;
}

/** Braces that are left mean themselves, and a Glob would expand them. */
const escaped = (text: string): string => (text.length === 1 ? `\\${text}` : text);

interface Group {
  readonly start: number;
  /** Behind the closing brace. */
  readonly end: number;
  readonly parts: readonly string[];
}

function firstGroup(pattern: string): Group | undefined {
  for (let index = 0; index < pattern.length; index += 1) {
    if (pattern[index] === "\\") index += 1;
    else if (pattern[index] === "{") {
      const group = groupAt(pattern, index);
      if (group !== undefined) return group;
    }
  }
  return undefined;
}

function groupAt(pattern: string, start: number): Group | undefined {
  const parts: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let index = start; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === "\\") index += 1;
    else if (character === "{") depth += 1;
    else if (character === "," && depth === 1) {
      parts.push(pattern.slice(from, index));
      from = index + 1;
    } else if (character === "}" && (depth -= 1) === 0) {
      if (parts.length === 0) return undefined;
      return { start, end: index + 1, parts: [...parts, pattern.slice(from, index)] };
    }
  }
  return undefined;
}

function tooMany(pattern: string): LeatError {
  const message = `${quote(pattern)} stands for more than ${GLOB_ALTERNATIVES} patterns`;
  return new LeatError("INVALID_ARGUMENT", message);
}
