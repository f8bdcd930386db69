/** A range of a source that answers later, as chunks; the next one is read while one is sent. */
import type { Source } from "../store/store.ts";
import { changed, replaced } from "./compare.ts";
import { closeSource } from "./source-calls.ts";

/**
 * The source is released when the iteration ends, whichever way.
 * @param size of a chunk, in bytes
 * @throws CHANGED when the file became shorter, or another
 */
export async function* sourceChunks(
  source: Source,
  offset: number,
  length: number,
  size: number,
  path: string,
): AsyncGenerator<Uint8Array> {
  let position = offset;
  const end = offset + length;
  try {
    while (position < end) {
      const chunk = new Uint8Array(Math.min(size, end - position));
      const read = await source.read(chunk, position);
      if (read < chunk.length) throw changed(path, "it became shorter");
      position += read;
      yield chunk;
    }
    if ((await source.currentVersion()) !== source.entry.version) throw replaced(path);
  } finally {
    closeSource(source);
  }
}
