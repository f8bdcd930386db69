/** Stands between a server and a client, and damages the frames of the server as a plan says. */
import type { Accept, Transport, TransportHandler } from "../../src/net/transport.ts";
import { delimit, DelimitedDecoder } from "../../src/wire/delimited.ts";
import { type Random, randomFrom } from "../support/chop.ts";
import { damagedFrame, SEEDS } from "./seeds.ts";

const ACTS = [
  "drop",
  "repeat",
  "later",
  "splice",
  "old",
  "damage",
  "byte",
  "cut",
  "end",
  "reset",
] as const;

/** What happens to the frame of that number: the first one of the server is 0. */
export interface Blow {
  readonly at: number;
  readonly act: (typeof ACTS)[number];
  readonly seed: number;
}

export function drawBlows(random: Random): Blow[] {
  return Array.from({ length: 1 + random.below(3) }, () => ({
    at: random.pick([0, 1, 1, 1, 2, 2, 3, 4, 6]),
    act: random.pick(ACTS),
    seed: random.below(2 ** 31),
  }));
}

export function textOfBlow({ at, act, seed }: Blow): string {
  return `${at} ${act} ${seed}`;
}

export function blowOf(text: string): Blow {
  const [at, act, seed] = text.split(" ");
  return { at: Number(at), act: act as Blow["act"], seed: Number(seed) };
}

export class Line {
  readonly #blows: readonly Blow[];
  readonly #decoder = new DelimitedDecoder({ maxLength: 32 << 20 });
  readonly #server = new Side(() => this.moves++);
  readonly #client = new Side(() => this.moves++);
  /** Frames that have gone to the client. */
  readonly #gone: Uint8Array[] = [];
  /** One that comes behind the next one. */
  #held: Uint8Array | undefined;
  #count = 0;
  /** Grows while anything comes from either side. */
  moves = 0;

  constructor(blows: readonly Blow[]) {
    this.#blows = blows;
  }

  /** For the transport to the server. */
  readonly toServer: Accept = (transport) =>
    this.#server.open(transport, {
      onData: (chunk) => this.#fromServer(chunk),
      onEnd: () => this.#client.end(),
      onClose: () => this.#client.end(),
    });

  /** For the transport to the client. */
  readonly toClient: Accept = (transport) =>
    this.#client.open(transport, {
      onData: (chunk) => this.#server.send(chunk),
      onEnd: () => this.#server.end(),
      onClose: () => this.#server.close(),
    });

  /** No more comes from the server. */
  end(): void {
    this.#client.end();
  }

  close(): void {
    this.#client.close();
    this.#server.close();
  }

  #fromServer(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (let next = this.#decoder.next(); next !== undefined; next = this.#decoder.next()) {
      this.#frame(next);
    }
  }

  #frame(frame: Uint8Array): void {
    const blow = this.#blows.find(({ at }) => at === this.#count);
    this.#count += 1;
    const held = this.#held;
    this.#held = undefined;
    if (blow === undefined) this.#pass(delimit(frame));
    else this.#strike(blow, frame);
    if (held !== undefined) this.#pass(held);
  }

  #strike({ act, seed }: Blow, frame: Uint8Array): void {
    const random = randomFrom(seed);
    const whole = delimit(frame);
    switch (act) {
      case "drop":
        return;
      case "repeat":
        this.#pass(whole);
        return this.#pass(whole);
      case "later":
        this.#held = whole;
        return;
      case "splice":
        this.#pass(delimit(random.pick(SEEDS)));
        return this.#pass(whole);
      case "old":
        this.#pass(whole);
        if (this.#gone.length > 0) this.#pass(random.pick(this.#gone));
        return;
      case "damage":
        return this.#pass(damagedFrame(frame, random));
      case "byte":
        whole[random.below(Math.min(whole.length, 40))] = random.below(256);
        return this.#pass(whole);
      case "cut":
        return this.#pass(whole.subarray(0, random.below(whole.length)));
      case "end":
        this.#pass(whole.subarray(0, random.below(whole.length)));
        return this.#client.end();
      default:
        return this.#client.close();
    }
  }

  #pass(bytes: Uint8Array): void {
    this.#gone.push(bytes);
    this.#client.send(bytes);
  }
}

/** One of the two transports, with what it does not take yet. */
class Side {
  readonly #onMove: () => void;
  #transport: Transport | undefined;
  #unsent: Uint8Array[] = [];
  #isEnding = false;
  #isClosed = false;

  constructor(onMove: () => void) {
    this.#onMove = onMove;
  }

  open(
    transport: Transport,
    { onData, onEnd, onClose }: Pick<TransportHandler, "onData" | "onEnd" | "onClose">,
  ): TransportHandler {
    this.#transport = transport;
    queueMicrotask(() => this.#flush());
    return {
      onData: (chunk) => {
        this.#onMove();
        onData(chunk);
      },
      onDrain: () => this.#flush(),
      onEnd,
      onClose: (error) => {
        this.#isClosed = true;
        onClose(error);
      },
    };
  }

  send(bytes: Uint8Array): void {
    if (this.#isEnding || this.#isClosed || bytes.length === 0) return;
    this.#unsent.push(bytes);
    this.#flush();
  }

  end(): void {
    this.#isEnding = true;
    this.#flush();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#transport?.close();
  }

  #flush(): void {
    while (!this.#isClosed && this.#transport !== undefined && this.#unsent.length > 0) {
      const next = this.#unsent[0]!;
      const written = this.#transport.write(next, 0, next.length);
      if (written < 0) this.#unsent = [];
      else if (written < next.length) return void (this.#unsent[0] = next.subarray(written));
      else this.#unsent.shift();
    }
    if (this.#isEnding && !this.#isClosed) this.#transport?.shutdown();
  }
}
