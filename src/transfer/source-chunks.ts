/** A source as chunks, for one that answers later or whose size is not known: the next is read while one is sent. */
import type { Source } from "../store/store.ts";
import { changed, replaced } from "./compare.ts";
import { closeSource } from "./source-calls.ts";

/**
 * All of a source, however much that is: its size is not trusted. The source is released
 * when the iteration ends, whichever way.
 * @param size of a chunk, in bytes
 * @throws CHANGED when the file became another
 */
export async function* wholeSource(
  source: Source,
  size: number,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    let read = size;
    for (let position = 0; read === size; position += read) {
      const chunk = new Uint8Array(size);
      read = await source.read(chunk, position);
      yield chunk.subarray(0, read);
    }
    await mustBeSame(source, path);
  } finally {
    closeSource(source);
  }
}

/** Chunks of a file that other code reads. @throws CHANGED when the file became another meanwhile */
export async function* guardedChunks(
  chunks: AsyncIterable<Uint8Array>,
  source: Source,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    await mustBeSame(source, path);
  } finally {
    closeSource(source);
  }
}

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
    await mustBeSame(source, path);
  } finally {
    closeSource(source);
  }
}

/** @throws CHANGED */
async function mustBeSame(source: Source, path: string): Promise<void> {
  if ((await source.currentVersion()) !== source.entry.version) throw replaced(path);
}
