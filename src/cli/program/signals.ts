/** SIGINT, SIGTERM and SIGHUP, each as one wish to stop. */
import { readFileSync } from "node:fs";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type Signal = keyof typeof SIGNALS;

/**
 * A Ctrl-C under `bun run` comes twice in the same moment: from the terminal, and passed on by `bun
 * run`. A person is slower than this, in milliseconds.
 */
const ECHO = 300;

/** What a process ends with that a signal ended. */
export function signalExit(signal: Signal): number {
  return 128 + SIGNALS[signal];
}

/**
 * @param onSignal told of each wish, echoes left out; `again` from the second on
 * @returns takes the handlers away
 */
export function onSignals(
  signals: readonly Signal[],
  onSignal: (signal: Signal, again: boolean) => void,
): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let again = false;
  const handler = (signal: Signal): void => {
    const now = performance.now();
    if (now - last < ECHO) return;
    last = now;
    const second = again;
    again = true;
    onSignal(signal, second);
  };
  const heard = signals.filter((signal) => !isIgnored(signal));
  for (const signal of heard) process.on(signal, handler);
  return () => {
    for (const signal of heard) process.off(signal, handler);
  };
}

/** Whether whoever started us wants the signal to be ignored, as `nohup` does. */
function isIgnored(signal: Signal): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(SIGNALS[signal] - 1)) & 1n) === 1n;
  } catch {
    return false; // not Linux
  }
}
