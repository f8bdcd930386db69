/** Lets the event loop do everything else that is due, then goes on. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
