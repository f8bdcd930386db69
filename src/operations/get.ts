import { LeatError } from "../errors.ts";
import { DATA_PAYLOAD } from "../limits.ts";
import type { Source } from "../store/store.ts";
import { closeSource } from "../transfer/source-calls.ts";
import { OutgoingChunks } from "../transfer/outgoing-chunks.ts";
import { OutgoingSource } from "../transfer/outgoing-source.ts";
import { sourceChunks } from "../transfer/source-chunks.ts";
import type { Get } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

/** Sends a range of a file, all of it from one open file, whatever happens to the name. */
export async function get(request: Get, exchange: Exchange): Promise<void> {
  const { path, sha256 } = request;
  const opened = exchange.store.open(path);
  const source = opened instanceof Promise ? await opened : opened;
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  try {
    const { offset, length } = range(request, source);
    const allocated = exchange.takesHoles ? source.allocated : undefined;
    exchange.respond({ case: "get", value: { entry: source.entry, offset, length, allocated } });
    const onTaken = (bytes: number): void => exchange.countSent(bytes);
    const onReady = (): void => exchange.ready();
    const outgoing = source.synchronous
      ? new OutgoingSource({
          source,
          offset,
          length,
          sha256,
          path,
          onTaken,
          onReady,
          crcs: exchange.blockCrcs.of(source.entry.version, source.entry.size),
          pinned: request.ifMatch !== undefined,
          mayGrow: request.mayGrow,
          copy: exchange.kernelCopy(source, length),
          onClosed,
        })
      : new OutgoingChunks({
          chunks: sourceChunks(source, offset, length, DATA_PAYLOAD, path),
          sha256,
          onTaken,
          onReady,
          onError: (error) => exchange.fail(error),
        });
    exchange.send(outgoing, offset);
  } catch (thrown) {
    closeSource(source);
    throw thrown;
  }
  // The kernel, or the disk, may still use the file when its stream is over: the descriptor counts until
  // it is closed.
  if (source.synchronous) await closed;
}

/** @throws PRECONDITION_FAILED, INVALID_ARGUMENT */
function range(request: Get, source: Source): { offset: number; length: number } {
  const { path, offset, ifMatch } = request;
  const { size, version } = source.entry;
  if (ifMatch !== undefined && ifMatch !== version) {
    throw new LeatError("PRECONDITION_FAILED", `${path} is another version than the one asked for`);
  }
  if (offset > size) {
    throw new LeatError(
      "INVALID_ARGUMENT",
      `${path} has ${size} bytes; offset ${offset} is beyond`,
    );
  }
  return { offset, length: Math.min(request.length ?? size, size - offset) };
}
