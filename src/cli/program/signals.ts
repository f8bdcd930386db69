/** SIGINT, SIGTERM and SIGHUP: handlers that ask a program to stop. */
import { readFileSync } from "node:fs";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type Signal = keyof typeof SIGNALS;

/**
 * Milliseconds in which a second signal is taken for the same Ctrl-C: under `bun run` it comes twice, from the
 * terminal and from `bun run`. A person is slower.
 */
const ECHO = 300;

/** The exit code of a process that a signal ended. */
export function signalExit(signal: Signal): number {
  return 128 + SIGNALS[signal];
}

/**
 * @param onSignal called for each signal, echoes left out; `isRepeated` from the second on
 * @returns a function that removes the handlers
 */
export function onSignals(
  signals: readonly Signal[],
  onSignal: (signal: Signal, isRepeated: boolean) => void,
): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let isRepeated = false;
  const handler = (signal: Signal): void => {
    const now = performance.now();
    if (now - last < ECHO) return;
    last = now;
    onSignal(signal, isRepeated);
    isRepeated = true;
  };
  const handled = signals.filter((signal) => !isIgnored(signal));
  for (const signal of handled) process.on(signal, handler);
  return () => {
    for (const signal of handled) process.off(signal, handler);
  };
}

/** Whether this process was started with the signal ignored, as by `nohup`. */
function isIgnored(signal: Signal): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(SIGNALS[signal] - 1)) & 1n) === 1n;
  } catch {
    return false; // not Linux
  }
}
