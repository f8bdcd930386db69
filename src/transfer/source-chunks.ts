/** A range of a source that answers later, as chunks; the next one is read while one is sent. */
import { LeatError } from "../errors.ts";
import type { Source } from "../store/store.ts";

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
  using held = source;
  let position = offset;
  const end = offset + length;
  while (position < end) {
    const chunk = new Uint8Array(Math.min(size, end - position));
    const read = await held.read(chunk, position);
    if (read < chunk.length) {
      throw new LeatError("CHANGED", `${path} changed while it was sent: it became shorter`);
    }
    position += read;
    yield chunk;
  }
  if ((await held.currentVersion()) !== held.entry.version) {
    throw new LeatError("CHANGED", `${path} changed while it was sent: its contents were replaced`);
  }
}
