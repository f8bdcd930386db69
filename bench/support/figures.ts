/** Numbers as a reader wants them: the middle, and how far they lie apart. */
import { GiB, KiB, MiB } from "../../src/limits.ts";

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function figure(samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return { median: at(0.5), min: sorted[0]!, max: sorted.at(-1)! };
}

export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** Wider than a quarter of the median: the machine was busy, or the work is uneven. */
export function noisy({ median, min, max }: Figure): boolean {
  return max - min > 0.25 * median;
}

export function show(value: Figure, digits: number, unit: string): string {
  const text = `${value.median.toFixed(digits)} ${unit} (${value.min.toFixed(digits)} to ${value.max.toFixed(digits)})`;
  return noisy(value) ? `${text} noisy` : text;
}

/** "4 KiB", "64 GiB". */
export function sizeText(bytes: number): string {
  const [unit, name] =
    bytes >= GiB ? [GiB, "GiB"] : bytes >= MiB ? [MiB, "MiB"] : ([KiB, "KiB"] as const);
  return bytes === 0 ? "0" : `${bytes / unit} ${name}`;
}

/** Progress, for the person who waits. */
export function progress(text: string): void {
  console.error(text);
}
