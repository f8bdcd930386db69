/**
 * The few sockets for which the kernel may hold a whole block unsent. Where it holds less, it refuses most of a large
 * write, and the process is woken for each part of it. A peer that reads nothing keeps what the kernel holds: so they
 * are few, and each keeps its place until its bytes have left.
 */
import { FAST_LOW_WATER, FAST_PEERS, NOT_SENT_LOW_WATER } from "../limits.ts";
import { notSent, setNotSentLowWater } from "./socket-options.ts";

interface Descriptor {
  readonly fd: number;
}

export class FastPeers {
  /** Each with whether it is fast still. */
  readonly #places = new Map<Descriptor, boolean>();

  /** The peer takes bytes fast. */
  fast(socket: Descriptor): void {
    const place = this.#places.get(socket);
    if (place === true) return;
    if (place === undefined && this.#places.size >= FAST_PEERS && !this.#makeRoom()) return;
    this.#places.set(socket, true);
    setNotSentLowWater(socket.fd, FAST_LOW_WATER);
  }

  /** The peer does not take bytes fast, or not any more. */
  slow(socket: Descriptor): void {
    if (this.#places.get(socket) !== true) return;
    this.#places.set(socket, false);
    setNotSentLowWater(socket.fd);
  }

  closed(socket: Descriptor): void {
    this.#places.delete(socket);
  }

  /** Takes the place of a peer that nothing much waits for. */
  #makeRoom(): boolean {
    for (const socket of this.#places.keys()) {
      if ((notSent(socket.fd) ?? 0) > NOT_SENT_LOW_WATER) continue;
      this.slow(socket);
      this.#places.delete(socket);
      return true;
    }
    return false;
  }
}
