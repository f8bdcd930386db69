/**
 * Counts how much a tree has to move, beside the transfer. The transfer itself does not know before its end: it goes on
 * only as files are moved.
 */
import { MiB } from "../../limits.ts";
import type { Context } from "../program/context.ts";
import type { Totals, TreeBar } from "../terminal/tree-bar.ts";

/** Milliseconds that a transfer takes before it is counted: in shorter ones nobody looks. */
const PATIENCE = 1_000;

/** Bytes that a transfer has moved before its list is fetched to be counted: where little is moved, that would cost more. */
const WORTH_A_LIST = MiB;

/** Everything below some folders, or some files. */
export interface Count {
  /** Whether this asks the server. */
  readonly isRemote: boolean;
  /** @returns undefined where it cannot be known */
  run(signal: AbortSignal): Promise<Totals | undefined>;
}

/** Counts while a tree is moved, if somebody sees that. Disposed when the transfer ends. */
export function countBeside({ progress }: Context, bar: TreeBar, count: Count): Disposable {
  const stop = new AbortController();
  const least = count.isRemote ? WORTH_A_LIST : 0;
  const begin = (): void => {
    if (bar.done - bar.earlier < least) return;
    clearInterval(timer);
    // Whatever is wrong with the tree, the transfer reports.
    count.run(stop.signal).then(
      (totals) => (bar.totals = totals),
      () => {},
    );
  };
  const timer = progress.isShown ? setInterval(begin, PATIENCE) : undefined;
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      stop.abort();
    },
  };
}
