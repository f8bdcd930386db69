/**
 * `iterative`: one client is served, the others wait in the order in which they came. They are
 * accepted but not read, so that no deadline of ours runs and no memory but the kernel's is used.
 */
import type { Accept, Transport, TransportHandler } from "../../net/transport.ts";

export class WaitingRoom {
  readonly #serve: Accept;
  readonly #queue = new Set<Visitor>();
  #served: Visitor | undefined;
  #closed = false;

  /** @param serve makes the handler of a transport whose turn it is */
  constructor(serve: Accept) {
    this.#serve = serve;
  }

  /** Those who wait; the one who is served is not counted. */
  get waiting(): number {
    return this.#queue.size;
  }

  accept(transport: Transport): TransportHandler {
    const visitor = new Visitor(transport, (gone) => this.#left(gone));
    if (this.#served === undefined && !this.#closed) {
      this.#served = visitor;
      visitor.begin(this.#serve);
    } else {
      transport.pause();
      this.#queue.add(visitor);
    }
    return visitor;
  }

  /** Everybody's turn has come: to be told that the server stops. */
  close(): void {
    this.#closed = true;
    for (const visitor of this.#queue) {
      this.#queue.delete(visitor);
      visitor.begin(this.#serve);
    }
  }

  #left(gone: Visitor): void {
    this.#queue.delete(gone);
    if (gone !== this.#served) return;
    const [next] = this.#queue;
    this.#served = next;
    if (next === undefined) return;
    this.#queue.delete(next);
    next.begin(this.#serve);
  }
}

/** Passes on what its transport says once it is served. */
class Visitor implements TransportHandler {
  readonly #transport: Transport;
  readonly #onGone: (visitor: Visitor) => void;
  #handler: TransportHandler | undefined;
  /** What came in spite of the pause: a chunk that was on its way. */
  #early: Uint8Array[] = [];
  #ended = false;

  constructor(transport: Transport, onGone: (visitor: Visitor) => void) {
    this.#transport = transport;
    this.#onGone = onGone;
  }

  begin(serve: Accept): void {
    this.#transport.resume();
    this.#handler = serve(this.#transport);
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#handler.onData(chunk);
    if (this.#ended) this.#handler.onEnd();
  }

  onData(chunk: Uint8Array): void {
    if (this.#handler === undefined) this.#early.push(chunk);
    else this.#handler.onData(chunk);
  }

  onDrain(): void {
    this.#handler?.onDrain();
  }

  onEnd(): void {
    if (this.#handler === undefined) this.#ended = true;
    else this.#handler.onEnd();
  }

  onClose(error: Error | undefined): void {
    this.#handler?.onClose(error);
    this.#onGone(this);
  }
}
