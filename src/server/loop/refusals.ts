/**
 * Connections that are refused. Each gets a Failure of a few bytes, and costs no more than its socket
 * until its peer has read it: a connection that is closed sooner may lose it to a reset.
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
  /** The oldest first. */
  readonly #open = new Set<Refused>();
  /** Called when the last of them is closed. */
  #onEmpty: (() => void) | undefined;
  /** Since the last line in the log. */
  #count = 0;
  #logged = Number.NEGATIVE_INFINITY;

  /** @param most that wait for their peers at once; beyond that they are closed right after the Failure */
  constructor(runtime: Runtime, log: Log, most: number) {
    this.#runtime = runtime;
    this.#log = log;
    this.#most = most;
  }

  refuse(transport: Transport, error: LeatError): TransportHandler {
    this.#report(error);
    const frame = encodeFrame(0, failureBody(error));
    const refused = new Refused(transport, frame, this.#runtime.clock(), () =>
      this.#onClosed(refused),
    );
    const waits = this.#open.size < this.#most;
    // Not at once: the transport has no handler before this returns.
    queueMicrotask(() => refused.begin(waits));
    if (!waits) return refused;
    if (this.#open.size === 0) this.#runtime.ticker.add(this);
    this.#open.add(refused);
    return refused;
  }

  /** Resolves when all are closed. @param deadline milliseconds that their peers have */
  async end(deadline: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, deadline);
      this.#onEmpty = () => {
        clearTimeout(late);
        resolve();
      };
    });
    for (const refused of this.#open) refused.close();
  }

  tick(now: number): void {
    for (const refused of this.#open) {
      if (now - refused.since > CLOSE_DEADLINE) refused.close();
      else refused.resume();
    }
  }

  #onClosed(refused: Refused): void {
    if (!this.#open.delete(refused) || this.#open.size > 0) return;
    this.#runtime.ticker.remove(this);
    this.#onEmpty?.();
  }

  /** One line a second: a crowd would fill the disk otherwise. */
  #report(error: LeatError): void {
    this.#count += 1;
    const now = this.#runtime.clock();
    if (now - this.#logged < RETRY_AFTER) return;
    this.#logged = now;
    this.#log.warn({ refused: this.#count, code: error.code }, error.message);
    this.#count = 0;
  }
}

/** Sends one frame, ignores what the peer sends, and is closed when the peer closes. */
class Refused implements TransportHandler {
  /** When it was refused, in milliseconds. */
  readonly since: number;
  readonly #transport: Transport;
  readonly #frame: Uint8Array;
  readonly #onClosed: () => void;
  #sent = 0;
  #paused = false;

  constructor(transport: Transport, frame: Uint8Array, since: number, onClosed: () => void) {
    this.#transport = transport;
    this.#frame = frame;
    this.since = since;
    this.#onClosed = onClosed;
  }

  /** @param waits until the peer has read it */
  begin(waits: boolean): void {
    this.onDrain();
    if (!waits) this.close();
  }

  close(): void {
    this.#transport.close();
    this.#onClosed();
  }

  /** A peer that sends much is read only once a tick: without the pause its bytes would come without end. */
  onData(chunk: Uint8Array): void {
    this.#transport.free(chunk);
    if (chunk.length <= SHORT_CHUNK) return;
    this.#paused = true;
    this.#transport.pause();
  }

  /** Reads on: behind its bytes stands the end of the connection. */
  resume(): void {
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
