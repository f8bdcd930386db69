/** Milliseconds after which something will not be so any more. */
const LATE = 25_000;

/** Waits until it is so. @param state what is told when it never is; the condition unless given */
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
