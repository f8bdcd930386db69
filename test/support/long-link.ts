/** Two ends of a session with a link between them that takes time: all of it is told, none is waited for. */
import type { SessionEvent } from "../../src/session/event.ts";
import type { End } from "./pair.ts";

export interface LinkOptions {
  /** Milliseconds from one end to the other. */
  readonly delay: number;
  /** Bytes in a millisecond, in each direction. */
  readonly rate: number;
}

interface Way {
  readonly from: End;
  readonly to: End;
  /** Until when the link is busy with what it was given. */
  busy: number;
  readonly pieces: { readonly at: number; readonly bytes: Uint8Array }[];
}

export class LongLink {
  now = 1000;
  readonly #options: LinkOptions;
  readonly #ways: readonly Way[];

  constructor(client: End, server: End, options: LinkOptions) {
    this.#options = options;
    const way = (from: End, to: End): Way => ({ from, to, busy: this.now, pieces: [] });
    this.#ways = [way(client, server), way(server, client)];
    client.now = server.now = this.now;
  }

  /** Carries bytes until nothing is under way, and lets `hear` answer what comes. */
  run(hear: (end: End, event: SessionEvent) => void): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.now = Math.max(this.now, next.at);
      for (const { from, to } of this.#ways) from.now = to.now = this.now;
      const { bytes, to } = next;
      if (bytes === undefined) continue; // the link is free again
      for (const event of to.give(bytes)) hear(to, event);
      to.events.length = 0;
    }
  }

  /** Gives the link what it takes. @returns what happens next */
  #next(): { at: number; bytes?: Uint8Array; to: End } | undefined {
    const { delay, rate } = this.#options;
    let next: { at: number; way: Way; arrives: boolean } | undefined;
    const consider = (at: number, way: Way, arrives: boolean): void => {
      if (next === undefined || at < next.at) next = { at, way, arrives };
    };
    for (const way of this.#ways) {
      while (way.from.session.wantsToSend && way.busy <= this.now) {
        const bytes = way.from.fill();
        if (bytes.length === 0) break;
        way.busy = Math.max(way.busy, this.now) + bytes.length / rate;
        way.pieces.push({ at: way.busy + delay, bytes });
      }
      const [first] = way.pieces;
      if (first !== undefined) consider(first.at, way, true);
      if (way.from.session.wantsToSend) consider(way.busy, way, false);
    }
    if (next === undefined) return undefined;
    const { at, way, arrives } = next;
    return { at, to: way.to, ...(arrives ? { bytes: way.pieces.shift()!.bytes } : {}) };
  }
}
