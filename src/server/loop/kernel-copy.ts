/**
 * Has the kernel move bytes of a file to a socket: the only place that uses the descriptors of both. Both
 * are looked up for each call, and are -1 once closed.
 */
import type { ByteSink, FileRegion } from "../../file-region.ts";
import { BLOCK_SIZE, KERNEL_COPY_LEAST } from "../../limits.ts";
import { EAGAIN, hasSocketCalls, sendFile } from "../../net/socket-calls.ts";
import type { KernelCopyMode } from "../options/options.ts";
import type { Source } from "../../store/store.ts";
import type { KernelCopy, RegionEnd } from "../../transfer/outgoing-source.ts";
import { atOnce } from "../../transfer/source-calls.ts";

/**
 * @param length bytes of the file that are sent
 * @param isLocal the peer is on this machine
 * @returns undefined where they pass through a buffer
 */
export function kernelCopy(
  mode: KernelCopyMode,
  source: Source,
  length: number,
  isLocal: boolean,
): KernelCopy | undefined {
  if (mode === "off" || (mode === "auto" && isLocal)) return undefined;
  const least = mode === "on" ? KERNEL_COPY_LEAST : BLOCK_SIZE + 1;
  if (length < least || source.fd === undefined || !hasSocketCalls()) return undefined;
  return {
    unknown: mode === "on",
    region: (position, size, onEnd) => new CopiedRegion(source, position, size, onEnd),
  };
}

class CopiedRegion implements FileRegion {
  left: number;
  blocked = false;
  readonly #source: Source;
  #position: number;
  readonly #onEnd: RegionEnd;
  /** The file had fewer bytes than its frames announced. */
  #short = false;
  /** The error of a read that failed. */
  #error: unknown;
  /** The kernel has not refused yet. */
  #byKernel = true;
  #ended = false;

  constructor(source: Source, position: number, left: number, onEnd: RegionEnd) {
    this.#source = source;
    this.#position = position;
    this.left = left;
    this.#onEnd = onEnd;
  }

  send(sink: ByteSink): number {
    this.blocked = false;
    if (!this.#byKernel) return this.#write(sink, PIECE.length);
    const { fd = -1 } = this.#source;
    const sent = sendFile(sink.fd ?? -1, fd, this.#position, this.left);
    if (sent > 0) return this.#sent(sent);
    // Bun waits for room only after a short write of its own: so some bytes go that way.
    if (sent === -EAGAIN) return this.#write(sink, ARMING);
    // The end of the file, or a file system or socket that can't: the write shows which.
    this.#byKernel = false;
    return this.#write(sink, PIECE.length);
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(this.#short, this.#error);
  }

  /** An ordinary write; bytes that the socket does not take are read again later. */
  #write(sink: ByteSink, most: number): number {
    const length = Math.min(most, this.left);
    const bytes = PIECE.subarray(0, length);
    const read = this.#read(bytes);
    if (read < length) {
      this.#short = true;
      bytes.fill(0, read); // the head with this length has been sent
    }
    const written = sink.write(PIECE, 0, length);
    if (written < 0) return -1;
    this.blocked = written < length;
    return this.#sent(written);
  }

  /** @returns bytes read; 0 where the file can no longer be read */
  #read(into: Uint8Array): number {
    try {
      return atOnce(this.#source.read(into, this.#position));
    } catch (error) {
      this.#error = error;
      return 0;
    }
  }

  #sent(bytes: number): number {
    this.#position += bytes;
    this.left -= bytes;
    return bytes;
  }
}

/** Bytes of a write that makes Bun wait for room. */
const ARMING = 4096;

/** Shared by all regions: its bytes are used at once. */
const PIECE = new Uint8Array(64 * 1024);
