/** Makes the input of a finding smaller: lines are left out, then parts of a single one. */

/** Attempts at most: a finding that comes only now and then is not made much smaller. */
const ATTEMPTS = 200;

/** @param isWrong whether an input still shows it */
export async function smaller(
  input: string,
  isWrong: (input: string) => Promise<boolean>,
): Promise<string> {
  const lines = input.split("\n");
  const last = lines.pop()!;
  let attempts = 0;
  const still = async (parts: readonly string[], between: string): Promise<boolean> => {
    attempts += 1;
    return attempts <= ATTEMPTS && (await isWrong(`${parts.join(between)}\n${last}`));
  };
  if (lines.length > 1)
    return `${(await fewer(lines, (less) => still(less, "\n"))).join("\n")}\n${last}`;
  const bytes = lines.join("").match(/../g) ?? [];
  return `${(await fewer(bytes, (less) => still(less, ""))).join("")}\n${last}`;
}

/** Leaves out half of the items, then a quarter, and so on. */
async function fewer<Item>(
  items: readonly Item[],
  isWrong: (items: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let rest = items;
  for (
    let size = Math.ceil(items.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < rest.length;) {
      const less = [...rest.slice(0, at), ...rest.slice(at + size)];
      if (less.length > 0 && (await isWrong(less))) rest = less;
      else at += size;
    }
  }
  return rest;
}
