/**
 * Puts the names of folders on disk. Small files come by the dozen and mostly into one folder: while
 * it is being synced, all who come meanwhile wait for one more sync, and share it.
 */
import { constants } from "node:fs";
import type { Folder } from "./beneath.ts";
import { closeLater, fsyncLater, openLater } from "./thread-pool.ts";

/** Syncs that have begun: they may have looked at the folder already. */
const running = new Map<string, Promise<void>>();
/** Syncs that begin when those end. */
const next = new Map<string, Promise<void>>();

/**
 * @param folder open until the answer is there
 * @throws the system's error, all who share a sync the same
 */
export function syncFolder({ path, facts }: Folder): Promise<void> {
  const key = `${facts.device}:${facts.inodeHigh}:${facts.inodeLow}`;
  const before = running.get(key);
  if (before === undefined) return begin(key, path);
  const shared = next.get(key);
  if (shared !== undefined) return shared;
  const after = (): Promise<void> => {
    next.delete(key);
    return begin(key, path);
  };
  const following = before.then(after, after);
  next.set(key, following);
  return following;
}

function begin(key: string, path: string): Promise<void> {
  const sync = syncNames(path).finally(() => running.delete(key));
  running.set(key, sync);
  return sync;
}

/** On the thread pool. @param path for node:fs */
async function syncNames(path: string): Promise<void> {
  const fd = await openLater(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await fsyncLater(fd);
  } finally {
    await closeLater(fd);
  }
}
