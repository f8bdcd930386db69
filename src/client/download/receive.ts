/**
 * Receives a range of a file over as many streams as it takes. When a stream is lost, or a block
 * arrives damaged, the rest behind the last verified block is requested again, of the same version:
 * two versions are never joined, and no verified byte is sent twice.
 */
import { type ErrorCode, LeatError } from "../../errors.ts";
import type { MaybePromise } from "../../store/store.ts";
import { Incoming } from "../../transfer/incoming.ts";
import type { Retry } from "../connection/retry.ts";
import type { DownloadStream } from "./download-stream.ts";

/** Where the bytes go. */
export interface DownloadTarget {
  write(bytes: Uint8Array, position: number, stream: DownloadStream): MaybePromise<void>;
  /** Takes zeros in place of bytes. */
  writeHole(length: number, position: number): MaybePromise<void>;
  /** Bytes were written, and are to become credit. Missing where the reader of the bytes does that. */
  written?(bytes: number, stream: DownloadStream): void;
  /** Everything before `end` is verified. @param blockCrc of the block that ends there */
  verified?(end: number, blockCrc: number): void;
  /** The same, where it ends with so many zeros. */
  verifiedHole?(length: number): void;
  /** Forgets the bytes from `position` on: they were not verified, and come again. */
  rewind(position: number): MaybePromise<void>;
}

export interface ReceiveOptions {
  readonly target: DownloadTarget;
  readonly sha256: boolean;
  readonly retry: Retry;
  /** Opens another stream, of the same version, that ends where the first one does. */
  readonly reopen: (offset: number, length: number) => Promise<DownloadStream>;
}

/** Resolves when the whole range was written and verified. */
export async function receive(first: DownloadStream, options: ReceiveOptions): Promise<void> {
  const end = first.head.offset + first.head.length;
  let position = first.head.offset;
  let stream = first;
  while (true) {
    const incoming = verifying(stream, options);
    try {
      return await run(stream, incoming);
    } catch (thrown) {
      const error = LeatError.from(thrown);
      stream.cancel(error);
      await incoming.settled();
      // Where all of it comes on one stream, the server has compared the contents: they are different.
      const isWhole = stream === first && first.head.offset === 0;
      if (error.code === "CHANGED" && !isWhole) throw changed(error);
      if (incoming.verified > position) options.retry.progressed();
      position = incoming.verified;
      // The SHA-256 of the whole cannot be continued in the middle.
      if (options.sha256) throw error;
      await options.target.rewind(position);
      stream = await reopen(error, position, end - position, first.head.entry.size, options);
    }
  }
}

function verifying(stream: DownloadStream, { target, sha256 }: ReceiveOptions): Incoming {
  const { offset, length } = stream.head;
  const range = { offset, length, sha256 };
  return new Incoming(range, {
    write: (bytes, position) => target.write(bytes, position, stream),
    writeHole: (zeros, position) => target.writeHole(zeros, position),
    onHole: (zeros) => target.verifiedHole?.(zeros),
    onConsumed: (bytes) => target.written?.(bytes, stream),
    onVerified: (end, blockCrc) => target.verified?.(end, blockCrc),
    onError: (error) => stream.cancel(error),
  });
}

function run(stream: DownloadStream, incoming: Incoming): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.deliverTo({
      data: (bytes, blockCrc) => incoming.data(bytes, blockCrc),
      hole: (length, crc32) => incoming.hole(length, crc32),
      finish: (finish) =>
        void Promise.try(() => incoming.finish(finish, stream.head.length)).then(resolve, reject),
      failed: reject,
    });
  });
}

/** @param error why the last stream ended: after damage the next one is opened at once, else after a delay */
async function reopen(
  error: LeatError,
  offset: number,
  length: number,
  size: number,
  options: ReceiveOptions,
): Promise<DownloadStream> {
  let last = error;
  while (true) {
    if (!options.retry.repairs(last)) await options.retry.wait(last);
    try {
      return checkSize(await options.reopen(offset, length), size);
    } catch (thrown) {
      last = LeatError.from(thrown);
      if (last.code === "PRECONDITION_FAILED") throw changed(last);
    }
  }
}

/** @throws PRECONDITION_FAILED: a file of another size is another version, whatever the server calls it */
export function checkSize(stream: DownloadStream, size: number): DownloadStream {
  const { entry } = stream.head;
  if (entry.size === size) return stream;
  const message = `${entry.name} has ${entry.size} bytes where it had ${size}`;
  const error = new LeatError("PRECONDITION_FAILED", message);
  stream.cancel(error);
  throw error;
}

/** Whether the file was another version when the rest of it was requested, or became one. */
export function isReplaced({ code, cause }: LeatError): boolean {
  return code === "CHANGED" && cause instanceof LeatError && REPLACED.has(cause.code);
}

const REPLACED = new Set<ErrorCode>(["PRECONDITION_FAILED", "CHANGED"]);

function changed(cause: LeatError): LeatError {
  const message = `the file was changed on the server while it was fetched: ${cause.message}`;
  return new LeatError("CHANGED", message, { cause, retryable: true });
}
