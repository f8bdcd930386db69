/** Resolves in the next turn of the event loop, after everything else that is due. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
