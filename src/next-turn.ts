/** Work that waits for the next turn of the event loop. It is counted: a thread with such work does not block. */

let waiting = 0;

/** Calls `work` in the next turn of the event loop, after everything else that is due. */
export function nextTurn(work: () => void): void {
  waiting += 1;
  setImmediate(() => {
    waiting -= 1;
    work();
  });
}

/** Resolves as `nextTurn` calls. */
export function pause(): Promise<void> {
  return new Promise(nextTurn);
}

/** Whether work of this thread waits for the next turn. */
export function hasNextTurn(): boolean {
  return waiting > 0;
}
