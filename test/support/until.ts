/** Milliseconds after which something will not be so any more, on a machine with much else to do, too. */
export const LATE = 60_000;

/** Waits until a condition holds. @param state shown when it never does; the condition unless given */
export async function until(
  condition: () => boolean | Promise<boolean>,
  state: () => unknown = () => String(condition),
): Promise<void> {
  const deadline = performance.now() + LATE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never so: ${JSON.stringify(state())}`);
    await Bun.sleep(5);
  }
}
