/**
 * How much of a server each address, or each user, has: connections, and streams with the files that they have open.
 * Nothing is remembered of those who have nothing.
 */

/** The most that one may have at once. */
export interface Cap {
  readonly connections: number;
  /** A stream counts once for each file that it has open. */
  readonly streams: number;
}

interface Share {
  readonly key: string;
  connections: number;
  streams: number;
}

export class Shares {
  readonly #shares = new Map<string, Share>();

  /** How many have a share. */
  get size(): number {
    return this.#shares.size;
  }

  /** A connection comes. @returns undefined where there are as many as may be */
  enter(key: string, cap: Cap): Seat | undefined {
    const share = this.#shares.get(key) ?? { key, connections: 0, streams: 0 };
    if (share.connections >= cap.connections) return undefined;
    share.connections += 1;
    this.#shares.set(key, share);
    return new Seat(this, share, cap);
  }

  /** Something of it was given back. */
  onGiven({ key, connections, streams }: Share): void {
    if (connections + streams === 0) this.#shares.delete(key);
  }
}

/** What a connection has of a share. Its streams may end later than it does. */
export class Seat implements Disposable {
  readonly cap: Cap;
  readonly #shares: Shares;
  readonly #share: Share;
  #isLeft = false;

  constructor(shares: Shares, share: Share, cap: Cap) {
    this.#shares = shares;
    this.#share = share;
    this.cap = cap;
  }

  take(streams: number): boolean {
    if (this.#share.streams + streams > this.cap.streams) return false;
    this.#share.streams += streams;
    return true;
  }

  give(streams: number): void {
    this.#share.streams -= streams;
    this.#shares.onGiven(this.#share);
  }

  /** The connection has ended. */
  [Symbol.dispose](): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#share.connections -= 1;
    this.#shares.onGiven(this.#share);
  }
}
