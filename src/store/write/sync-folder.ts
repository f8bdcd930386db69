/**
 * Puts the names in folders on disk. Small files come by the dozen and mostly into one folder: all calls
 * that come while it is being synced share the next sync.
 */
import { constants } from "node:fs";
import type { Folder } from "../resolve/folder.ts";
import { identityOf } from "../system/facts.ts";
import { isSupported, isUnsupported } from "../system/system-error.ts";
import { closeLater, fsyncLater, openLater } from "../system/thread-pool.ts";

/** Syncs that have begun: names that are made now may come too late for them. */
const running = new Map<string, Promise<boolean>>();
/** Syncs that begin when those end. */
const next = new Map<string, Promise<boolean>>();

/**
 * @param folder stays open until it is done
 * @returns whether the names are on disk; false where the file system cannot do that
 * @throws the system's error, the same to all calls that share a sync
 */
export function syncFolder({ path, facts }: Folder): Promise<boolean> {
  const key = identityOf(facts);
  const before = running.get(key);
  if (before === undefined) return begin(key, path);
  const shared = next.get(key);
  if (shared !== undefined) return shared;
  const after = (): Promise<boolean> => {
    next.delete(key);
    return begin(key, path);
  };
  const following = before.then(after, after);
  next.set(key, following);
  return following;
}

function begin(key: string, path: string): Promise<boolean> {
  const sync = syncNames(path).finally(() => running.delete(key));
  running.set(key, sync);
  return sync;
}

/** On the thread pool. @param path for node:fs */
async function syncNames(path: string): Promise<boolean> {
  let fd: number;
  try {
    fd = await openLater(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isUnsupported(error)) return false; // a folder that may be written to and not read
    throw error;
  }
  try {
    return await isSupported(fsyncLater(fd));
  } finally {
    await closeLater(fd);
  }
}
