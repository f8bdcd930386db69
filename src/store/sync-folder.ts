import { close, constants, fsync, open } from "node:fs";
import { promisify } from "node:util";

const fsyncLater = promisify(fsync);
const openLater = promisify(open);
const closeLater = promisify(close);

/**
 * Puts a folder's names on disk, on the thread pool.
 * @param path for node:fs
 * @throws the system's error
 */
export async function syncFolder(path: string): Promise<void> {
  const fd = await openLater(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await fsyncLater(fd);
  } finally {
    await closeLater(fd);
  }
}
