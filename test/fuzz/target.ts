/** What the fuzzer aims at: each case is drawn from a seed of its own, tried, and kept as text if something is wrong. */
import type { Random } from "../support/chop.ts";

export interface Target extends AsyncDisposable {
  readonly name: string;
  /** What one case is. */
  readonly unit: "frames" | "sequences";
  /** How many cases may be tried at once. */
  readonly atOnce: number;
  /** @returns what the case consists of, in lines; the last one is left as it is when the case is made smaller */
  draw(random: Random): string;
  /** @returns what is wrong; undefined where nothing is. What it throws is wrong as well */
  try(input: string): Promise<string | undefined> | string | undefined;
  /** Called now and then while no case is tried. @returns what was left behind, or has grown */
  leftovers(): Promise<string | undefined>;
}
