/** Names that a walk leaves out, as `Walk.leave_out` says: patterns that take no longer than a comparison of texts. */
import { LeatError } from "../errors.ts";
import { quote } from "../store/names.ts";

/** `name`, `*end`, with a "/" before it, behind it, or both. */
const FORM = /^(\/?)(\*?)([^/*?[\]\\\0]+)(\/?)$/;

interface Rules {
  readonly names: Set<string>;
  readonly ends: string[];
}

export class LeftOut {
  /** For each of: everywhere and everything, only in the first folder, only folders, and only folders in the first. */
  readonly #rules: readonly Rules[] = Array.from({ length: 4 }, () => ({
    names: new Set<string>(),
    ends: [],
  }));

  /** @throws INVALID_ARGUMENT */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const match = FORM.exec(pattern);
      if (match === null) throw notAPattern(pattern);
      const [, start, star, text = "", end] = match;
      const rules = this.#rules[(start === "" ? 0 : 1) + (end === "" ? 0 : 2)]!;
      if (star === "") rules.names.add(text);
      else rules.ends.push(text);
    }
  }

  /** Whether a pattern of .gitignore has a form that a walk takes. */
  static takes(pattern: string): boolean {
    return FORM.test(pattern);
  }

  /** @param isFirst whether it is directly in the folder of the walk */
  has(name: string, isFolder: boolean, isFirst: boolean): boolean {
    return this.#rules.some(({ names, ends }, index) => {
      if (((index & 1) !== 0 && !isFirst) || ((index & 2) !== 0 && !isFolder)) return false;
      return names.has(name) || ends.some((end) => name.endsWith(end));
    });
  }
}

function notAPattern(pattern: string): LeatError {
  const forms = "it should be a name, or a * and the end of a name, with a / before or behind it";
  return new LeatError("INVALID_ARGUMENT", `${quote(pattern)} in leave_out: ${forms}`);
}
