/** Reads on the thread pool. */
import { read } from "node:fs";
import { promisify } from "node:util";

const readSome = promisify(read);

/**
 * Reads into all of `into` from `position`.
 * @param fd stays open until it is done
 * @returns bytes read: fewer at the end of the file
 */
export async function readLater(fd: number, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await readSome(fd, into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
