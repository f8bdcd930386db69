/**
 * Connections that are not served. Each is told why in a few bytes, and costs no more than its socket
 * until its peer has read them: one that is closed sooner may lose them to a reset.
 */
import type { Runtime } from "../../connection/runtime.ts";
import type { LeatError } from "../../errors.ts";
import { CLOSE_DEADLINE, RETRY_AFTER, SHORT_CHUNK } from "../../limits.ts";
import type { Transport, TransportHandler } from "../../net/transport.ts";
import { failureBody } from "../../session/failure.ts";
import { encodeFrame } from "../../wire/frame.ts";
import type { Log } from "../log/log.ts";

export class Refusals {
  readonly #runtime: Runtime;
  readonly #log: Log;
  readonly #most: number;
  /** Those that were told, the oldest first. */
  readonly #told = new Set<Told>();
  /** Called when the last of them is gone. */
  #emptied: (() => void) | undefined;
  /** Since it was logged last. */
  #count = 0;
  #logged = Number.NEGATIVE_INFINITY;

  /** @param most that wait for their peers at once; more are told and closed in the same moment */
  constructor(runtime: Runtime, log: Log, most: number) {
    this.#runtime = runtime;
    this.#log = log;
    this.#most = most;
  }

  get size(): number {
    return this.#told.size;
  }

  refuse(transport: Transport, error: LeatError): TransportHandler {
    this.#tell(error);
    const told = new Told(transport, encodeFrame(0, failureBody(error)), {
      since: this.#runtime.clock(),
      onClosed: () => this.#gone(told),
    });
    const room = this.#told.size < this.#most;
    // Not at once: who accepts has no handler yet.
    queueMicrotask(() => told.begin(room));
    if (!room) return told;
    if (this.#told.size === 0) this.#runtime.ticker.add(this);
    this.#told.add(told);
    return told;
  }

  /** Resolves when all are gone. @param deadline milliseconds that they have */
  async end(deadline: number): Promise<void> {
    if (this.#told.size === 0) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, deadline);
      this.#emptied = () => {
        clearTimeout(late);
        resolve();
      };
    });
    for (const told of this.#told) told.close();
  }

  tick(now: number): void {
    for (const told of this.#told) {
      if (now - told.since > CLOSE_DEADLINE) told.close();
      else told.listen();
    }
  }

  #gone(told: Told): void {
    if (!this.#told.delete(told) || this.#told.size > 0) return;
    this.#runtime.ticker.remove(this);
    this.#emptied?.();
  }

  /** One line for a crowd: it would fill the disk otherwise. */
  #tell(error: LeatError): void {
    this.#count += 1;
    const now = this.#runtime.clock();
    if (now - this.#logged < RETRY_AFTER) return;
    this.#logged = now;
    this.#log.warn({ refused: this.#count, code: error.code }, error.message);
    this.#count = 0;
  }
}

interface ToldOptions {
  /** When it was told, in milliseconds. */
  readonly since: number;
  readonly onClosed: () => void;
}

/** One of them: hears nothing, and is closed when its peer is done, too. */
class Told implements TransportHandler {
  readonly since: number;
  readonly #transport: Transport;
  readonly #frame: Uint8Array;
  readonly #onClosed: () => void;
  #sent = 0;
  #paused = false;

  constructor(transport: Transport, frame: Uint8Array, { since, onClosed }: ToldOptions) {
    this.#transport = transport;
    this.#frame = frame;
    this.since = since;
    this.#onClosed = onClosed;
  }

  /** @param stay until the peer has read it */
  begin(stay: boolean): void {
    this.onDrain();
    if (!stay) this.close();
  }

  close(): void {
    this.#transport.close();
    this.#onClosed();
  }

  /** Nobody hears it. Where much comes the system would give it to us without an end. */
  onData(chunk: Uint8Array): void {
    this.#transport.free(chunk);
    if (chunk.length <= SHORT_CHUNK) return;
    this.#paused = true;
    this.#transport.pause();
  }

  /** For the end of what its peer says. */
  listen(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.resume();
  }

  onDrain(): void {
    const left = this.#frame.length - this.#sent;
    if (left === 0) return;
    this.#sent += Math.max(0, this.#transport.write(this.#frame, this.#sent, left));
    if (this.#sent === this.#frame.length) this.#transport.shutdown();
  }

  onEnd(): void {
    this.close();
  }

  onClose(): void {
    this.#onClosed();
  }
}
