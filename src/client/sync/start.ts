/** Begins a sync in either direction. */
import type { Calls } from "../calls/calls.ts";
import { onAbort } from "../connection/abortable.ts";
import type { TreeRoot } from "../trees/tree.ts";
import type { Filter } from "../trees/filter.ts";
import { checkBackups, realPlace } from "./backups.ts";
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
  const check = (backups: string, filter: Filter | undefined): void =>
    checkBackups(realPlace(backups), realPlace(root.local), filter);
  const open = (signal: AbortSignal) => downEnds(calls, root, { ...options, signal });
  return sync(calls, root, options, open, check);
}

/** Makes a folder of the library like a local one. */
export function syncUp(
  calls: Calls,
  root: TreeRoot,
  options: SyncUpOptions,
): AsyncGenerator<SyncOutcome, SyncRest> {
  const check = (backups: string, filter: Filter | undefined): void =>
    checkBackups(backups, root.path, filter);
  const open = (signal: AbortSignal) => upEnds(calls, root, { ...options, signal });
  return sync(calls, root, options, open, check);
}

async function* sync<Folder>(
  calls: Calls,
  { local }: TreeRoot,
  options: SyncOptions,
  open: (signal: AbortSignal) => Promise<Ends<Folder>>,
  checkBackupDir: (folder: string, filter: Filter | undefined) => void,
): AsyncGenerator<SyncOutcome, SyncRest> {
  const stop = new AbortController();
  const release = onAbort(options.signal, (error) => stop.abort(error));
  try {
    const ends = await open(stop.signal);
    const filter = await makeSyncFilter(local, options);
    if (options.backupDir !== undefined) checkBackupDir(options.backupDir, filter);
    return yield* new SyncRun(calls, ends, options, filter, stop).outcomes();
  } finally {
    release();
  }
}
