/** Finds the name that was probably meant. */

/** Longer than any command. */
const LONGEST = 32;

/** @returns undefined when nothing is near */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (name === "" || name.length > LONGEST) return undefined;
  const typed = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const each of names) {
    const steps = each.startsWith(typed) ? 0 : distance(typed, each);
    if (steps >= least) continue;
    least = steps;
    best = each;
  }
  return best;
}

/** The Damerau-Levenshtein distance: letters to insert, delete, change or swap with their neighbour. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let steps = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) steps = Math.min(steps, rows[i - 2]![j - 2]! + 1);
      row.push(steps);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
