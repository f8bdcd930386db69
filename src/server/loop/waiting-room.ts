/**
 * The model `iterative`: one client is served, the others wait in the order in which they came. They are
 * accepted but not read, so that no deadline of the server runs and only the kernel's memory is used.
 */
import type { LeatError } from "../../errors.ts";
import type { Transport, TransportHandler } from "../../net/transport.ts";
import type { Seat } from "../host/shares.ts";

/** Makes the handler of a transport. */
type Serve = (transport: Transport, seat: Seat | undefined) => TransportHandler;

export class WaitingRoom {
  readonly #serve: Serve;
  readonly #queue = new Set<WaitingClient>();
  #served: WaitingClient | undefined;
  #closed = false;

  /** @param serve makes the handler of a transport whose turn it is */
  constructor(serve: Serve) {
    this.#serve = serve;
  }

  /** Clients that wait, without the one that is served. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** @param seat what it has of its address; left when it is closed */
  accept(transport: Transport, seat: Seat | undefined): TransportHandler {
    const client = new WaitingClient(transport, seat, () => this.#onClosed(client));
    if (this.#served === undefined && !this.#closed) {
      this.#served = client;
      client.begin(this.#serve);
    } else {
      transport.pause();
      this.#queue.add(client);
    }
    return client;
  }

  /** Ends all waiting: `serve` is called for each, and refuses it when the server stops. */
  close(): void {
    this.#closed = true;
    for (const client of this.#queue) {
      this.#queue.delete(client);
      client.begin(this.#serve);
    }
  }

  #onClosed(client: WaitingClient): void {
    this.#queue.delete(client);
    if (client !== this.#served) return;
    const [next] = this.#queue;
    this.#served = next;
    if (next === undefined) return;
    this.#queue.delete(next);
    next.begin(this.#serve);
  }
}

/** Keeps the events of a transport until it is served, then passes them on. */
class WaitingClient implements TransportHandler {
  readonly #transport: Transport;
  readonly #seat: Seat | undefined;
  readonly #onClosed: () => void;
  #handler: TransportHandler | undefined;
  /** Chunks that came in spite of the pause: they were on their way. */
  #early: Uint8Array[] = [];
  #ended = false;
  #unauthenticated: LeatError | undefined;

  constructor(transport: Transport, seat: Seat | undefined, onClosed: () => void) {
    this.#transport = transport;
    this.#seat = seat;
    this.#onClosed = onClosed;
  }

  begin(serve: Serve): void {
    this.#transport.resume();
    this.#handler = serve(this.#transport, this.#seat);
    const early = this.#early;
    this.#early = [];
    if (this.#unauthenticated !== undefined) this.onUnauthenticated(this.#unauthenticated);
    for (const chunk of early) this.#handler.onData(chunk);
    if (this.#ended) this.#handler.onEnd();
  }

  get wanted(): number | undefined {
    return this.#handler?.wanted;
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

  onUnauthenticated(error: LeatError): void {
    if (this.#handler === undefined) this.#unauthenticated = error;
    else if (this.#handler.onUnauthenticated === undefined) this.#transport.close();
    else this.#handler.onUnauthenticated(error);
  }

  onClose(error: Error | undefined): void {
    this.#handler?.onClose(error);
    this.#seat?.[Symbol.dispose]();
    this.#onClosed();
  }
}
