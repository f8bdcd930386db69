/**
 * Reads sockets of this thread by recv(2), in place of the runtime. The runtime copies what came into
 * a new array for each chunk, which the collector has to find (decision 31).
 *
 * The runtime has no way to say that a socket is readable without reading it. So once in each turn of
 * the event loop this waits in poll(2): for the sockets, and for the descriptor on which the event loop
 * itself waits. All other work of the runtime ends the wait, and it does not wait while work is left for
 * the next turn; timers alone may be POLL_WAIT late.
 */
import { POLL_WAIT, TURN_BUDGET } from "../limits.ts";
import { hasNextTurn } from "../next-turn.ts";
import { eventLoopDescriptor } from "./event-loop.ts";
import { hasSocketCalls, PollSet } from "./socket-calls.ts";

export interface DirectSocket {
  readonly fd: number;
  /** Reads once. Throws nothing. @returns how many bytes; 0 where no more is likely to wait */
  read(): number;
  /** Nothing came in this turn. @param now milliseconds */
  quiet(now: number): void;
}

export class DirectReader {
  readonly #sockets = new Set<DirectSocket>();
  /** As `#sockets` and the event loop; made anew when they change. */
  #polled: { readonly order: readonly DirectSocket[]; readonly set: PollSet } | undefined;
  /** Of the event loop: null where there is none. */
  #loop: number | null | undefined;
  #scheduled = false;
  #moreWaits = false;

  /** @param socket one that the runtime reads @returns whether sockets can be read here */
  canRead(socket: number): boolean {
    if (this.#loop === undefined) {
      this.#loop = hasSocketCalls() ? (eventLoopDescriptor(socket) ?? null) : null;
    }
    return this.#loop !== null;
  }

  /** From now on it is read here. */
  add(socket: DirectSocket): void {
    this.#sockets.add(socket);
    this.#polled = undefined;
    this.#moreWaits = true;
    this.#schedule();
  }

  remove(socket: DirectSocket): void {
    if (this.#sockets.delete(socket)) this.#polled = undefined;
  }

  #schedule(): void {
    if (this.#scheduled || this.#sockets.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#sockets.size === 0) return;
    const { order, set } = (this.#polled ??= this.#poll());
    set.wait(this.#moreWaits || hasNextTurn() ? 0 : POLL_WAIT);
    this.#moreWaits = false; // `add` may set it meanwhile
    const now = performance.now();
    const ready = order.filter((_, i) => set.isReady(i));
    for (const [i, socket] of order.entries()) {
      if (!set.isReady(i) && this.#sockets.has(socket)) socket.quiet(now);
    }
    if (this.#read(ready)) this.#moreWaits = true;
    this.#schedule();
  };

  /** Reads each once, then again those that have more, as much as a turn allows. @returns whether more waits */
  #read(ready: readonly DirectSocket[]): boolean {
    let left = TURN_BUDGET;
    let sockets = ready;
    while (left > 0 && sockets.length > 0) {
      const more: DirectSocket[] = [];
      for (const socket of sockets) {
        if (!this.#sockets.has(socket)) continue; // another one's bytes have ended it
        const bytes = socket.read();
        left -= bytes;
        if (bytes > 0) more.push(socket);
      }
      sockets = more;
    }
    return sockets.length > 0;
  }

  #poll() {
    const order = [...this.#sockets];
    return { order, set: new PollSet([...order.map(({ fd }) => fd), this.#loop!]) };
  }
}
