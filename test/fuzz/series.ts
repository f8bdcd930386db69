/** Tries many cases of a target. Each has a seed of its own, so that one can be drawn again without those before it. */
import { randomFrom } from "../support/chop.ts";
import { smaller } from "./smaller.ts";
import type { Target } from "./target.ts";

export interface Finding {
  readonly target: string;
  readonly wrong: string;
  /** As small as it could be made; empty where it is not one case that is wrong. */
  readonly input: string;
}

export interface SeriesOptions {
  readonly seed: number;
  /** Cases at most. */
  readonly count: number;
  /** When to stop, by `performance.now`. */
  readonly until?: number;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (tried: number) => void;
}

/** Cases between two looks at what was left behind. */
const LOOK_EVERY = { frames: 1_000_000, sequences: 5_000 } as const;
/** Milliseconds that a case may keep the event loop. */
const LONG = 1_000;
/** Far enough apart for generators that begin there. */
const APART = 0x9e37_79b1;
/** Findings after which a series ends: more are mostly the same. */
const ENOUGH = 20;

/** @returns how many cases were tried */
export async function series(target: Target, options: SeriesOptions): Promise<number> {
  const { seed, count, until = Infinity, onFinding, onProgress } = options;
  const { name, atOnce, unit } = target;
  let [tried, found] = [0, 0];
  const report = (wrong: string, input: string): void => {
    found += 1;
    onFinding({ target: name, wrong, input });
  };
  const one = async (): Promise<void> => {
    const input = target.draw(randomFrom(Math.imul(seed + tried, APART)));
    tried += 1;
    const wrong = await attempt(target, input);
    if (wrong === undefined) return;
    report(
      wrong,
      await smaller(input, async (less) => (await attempt(target, less)) !== undefined),
    );
  };
  let next = 0;
  const isDone = (): boolean => tried >= next || isOver();
  const isOver = (): boolean => tried >= count || found >= ENOUGH || performance.now() > until;
  while (!isOver()) {
    next = tried + LOOK_EVERY[unit];
    const worker = async (): Promise<void> => {
      while (!isDone()) await one();
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const left = await target.leftovers().catch(String);
    if (left !== undefined) report(left, "");
    onProgress?.(tried);
  }
  return tried;
}

async function attempt(target: Target, input: string): Promise<string | undefined> {
  try {
    const began = performance.now();
    const trying = target.try(input);
    const took = performance.now() - began;
    const wrong = await trying;
    // A machine that is busy may be why: twice in a row it is not.
    if (wrong === undefined && took > LONG && typeof trying !== "object") {
      const again = performance.now();
      void target.try(input);
      if (performance.now() - again > LONG) return `it took ${Math.round(took)} ms`;
    }
    return wrong;
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
}
