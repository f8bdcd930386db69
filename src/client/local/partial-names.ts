/**
 * The names of partial files and their block sums beside the target of a download: hidden, and cut where a
 * long name leaves no room.
 */
import { randomBytes, sha256 } from "../../hash.ts";
import { MAX_SEGMENT } from "../../limits.ts";

/** The end of the name of the block sums. */
const SUMS = ".sums";

/** A random name, for a partial file that no later try continues. */
export function partialName(name: string): string {
  return hidden(name, `.leat-${randomBytes(3).toString("hex")}`);
}

/** The name of the partial file, the same for each try of one target. */
export function resumableName(name: string): string {
  return sumsName(name).slice(0, -SUMS.length);
}

/** The name of the file with its block sums. */
export function sumsName(name: string): string {
  const hash = sha256(name).toString("hex").slice(0, 6);
  return hidden(name, `.leat-${hash}${SUMS}`);
}

/** Whether a file may be one of these. */
export function isPartialName(name: string): boolean {
  return /^\..*\.leat-[0-9a-f]{6}(\.sums)?$/s.test(name);
}

/** The name of the partial file that has these block sums; that of a partial file is its own. */
export function partialOf(name: string): string {
  return name.endsWith(SUMS) ? name.slice(0, -SUMS.length) : name;
}

function hidden(name: string, end: string): string {
  let start = name;
  while (Buffer.byteLength(`.${start}${end}`) > MAX_SEGMENT) {
    // Whole characters, so that what is left is still UTF-8.
    start = Array.from(start).slice(0, -1).join("");
  }
  return `.${start}${end}`;
}
