/** Begins a sync in either direction. */
import type { Calls } from "../calls/calls.ts";
import { onAbort } from "../connection/abortable.ts";
import type { TreeRoot } from "../trees/tree.ts";
import { downEnds, upEnds } from "./ends.ts";
import { makeSyncFilter } from "./filter.ts";
import type { SyncDownOptions, SyncOptions, SyncOutcome, SyncRest, SyncUpOptions } from "./sync.ts";
import { type Ends, SyncRun } from "./sync-run.ts";

/** Makes a local folder like one of the library. It begins when it is iterated over. */
export function syncDown(
  calls: Calls,
  root: TreeRoot,
  options: SyncDownOptions,
): AsyncGenerator<SyncOutcome, SyncRest> {
  return sync(calls, root, options, (signal) => downEnds(calls, root, { ...options, signal }));
}

/** Makes a folder of the library like a local one. */
export function syncUp(
  calls: Calls,
  root: TreeRoot,
  options: SyncUpOptions,
): AsyncGenerator<SyncOutcome, SyncRest> {
  return sync(calls, root, options, (signal) => upEnds(calls, root, { ...options, signal }));
}

async function* sync<Folder>(
  calls: Calls,
  { local }: TreeRoot,
  options: SyncOptions,
  open: (signal: AbortSignal) => Promise<Ends<Folder>>,
): AsyncGenerator<SyncOutcome, SyncRest> {
  const stop = new AbortController();
  const release = onAbort(options.signal, (error) => stop.abort(error));
  try {
    const ends = await open(stop.signal);
    const filter = await makeSyncFilter(local, options);
    return yield* new SyncRun(calls, ends, options, filter, stop).outcomes();
  } finally {
    release();
  }
}
