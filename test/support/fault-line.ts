/** One direction of a connection through the fault proxy. */
import { MAX_FRAME } from "../../src/limits.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";

/** What happens to one connection. Counts are of bytes in one direction, from its start. */
export interface Fault {
  /** The connection ends when so many bytes went to the client. */
  readonly cutDown?: number;
  /** The connection ends when so many bytes went to the server. */
  readonly cutUp?: number;
  /** It ends by a reset: what was on its way is lost, too. */
  readonly reset?: boolean;
  /** Nothing more goes to the client behind so many bytes; the connection stays. */
  readonly stallDown?: number;
  /** Nothing more goes to the server behind so many bytes; the connection stays. */
  readonly stallUp?: number;
  /** Milliseconds after which a stall ends; never unless given. */
  readonly stallFor?: number;
  /** These bits of the bytes to the client arrive flipped; ascending. */
  readonly flipDown?: readonly number[];
  /** These bits of the bytes to the server arrive flipped; ascending. */
  readonly flipUp?: readonly number[];
  /** As the flips, but the bits count in the payload of `Data` alone: nothing else is damaged. */
  readonly payloadDown?: readonly number[];
  readonly payloadUp?: readonly number[];
  /** Milliseconds that bytes wait, in both directions. */
  readonly delay?: number;
  /** So many bytes at the start go one by one, in both directions. */
  readonly oneByOne?: number;
}

/** What faults have come true, over all connections. */
export type FaultCounts = Record<
  "cuts" | "resets" | "stalls" | "flips" | "delayed" | "slices",
  number
>;

export type Socket = Bun.Socket<Line>;

export type Way = "up" | "down";

export class Line {
  from: Socket | undefined;
  to: Socket | undefined;
  /** Bytes that went through. */
  passed = 0;
  other: Line | undefined;
  /** What the receiver has not taken yet. */
  readonly #waiting: Uint8Array[] = [];
  readonly #cut: number;
  #stall: number;
  readonly #fault: Fault;
  readonly #flip: readonly number[];
  readonly #payload: PayloadFlips | undefined;
  readonly #passing: (bytes: number) => void;
  readonly #counts: FaultCounts;
  #ended = false;
  /** The receiver is gone. */
  #deaf = false;
  #isCut = false;
  #stalling = false;
  /** A timer calls `flush` again. */
  #held = false;
  /** Of the first piece that waits, the flips are counted. */
  #flipped = 0;

  constructor(fault: Fault, way: Way, passing: (bytes: number) => void, counts: FaultCounts) {
    const up = way === "up";
    this.#fault = fault;
    this.#cut = (up ? fault.cutUp : fault.cutDown) ?? Number.POSITIVE_INFINITY;
    this.#stall = (up ? fault.stallUp : fault.stallDown) ?? Number.POSITIVE_INFINITY;
    this.#flip = (up ? fault.flipUp : fault.flipDown) ?? [];
    const payload = (up ? fault.payloadUp : fault.payloadDown) ?? [];
    if (payload.length > 0) this.#payload = new PayloadFlips(payload, counts);
    this.#passing = passing;
    this.#counts = counts;
  }

  push(chunk: Uint8Array): void {
    if (this.#deaf) return;
    this.#payload?.damage(chunk);
    this.#waiting.push(chunk);
    const { delay } = this.#fault;
    if (delay === undefined) return this.flush();
    if (this.#held) return;
    this.#counts.delayed += 1;
    this.#later(() => setTimeout(() => this.#goOn(), delay));
  }

  flush(): void {
    while (this.to !== undefined && !this.#held && this.#waiting.length > 0) {
      const chunk = this.#waiting[0]!;
      const room = Math.min(this.#cut, this.#stall) - this.passed;
      if (room <= 0) return this.#full();
      const slice = this.passed < (this.#fault.oneByOne ?? 0) ? 1 : chunk.length;
      const bytes = this.#damaged(chunk.subarray(0, Math.min(slice, room)));
      const taken = this.to.write(bytes, 0, bytes.length);
      if (taken < 0) return;
      this.passed += taken;
      this.#passing(taken);
      if (taken < chunk.length) this.#waiting[0] = chunk.subarray(taken);
      else this.#waiting.shift();
      if (taken < bytes.length) return void this.from?.pause();
      if (slice === 1) {
        this.#counts.slices += 1;
        return this.#later(() => setImmediate(() => this.#goOn()));
      }
    }
    if (this.passed >= this.#cut) return this.#full();
    if (this.#held) return;
    this.from?.resume();
    if (this.#ended) this.to?.shutdown();
  }

  end(): void {
    this.#ended = true;
    if (this.#waiting.length === 0) this.to?.shutdown();
  }

  /** As `end`, and what a stall holds back is lost. */
  lost(): void {
    if (this.passed >= this.#stall) this.#waiting.length = 0;
    this.end();
  }

  /** The receiver is gone: what comes for it is read and dropped, so that its sender comes to an end. */
  deaf(): void {
    this.#deaf = true;
    this.#waiting.length = 0;
    this.from?.resume();
  }

  #later(start: () => void): void {
    this.#held = true;
    start();
  }

  #goOn(): void {
    this.#held = false;
    this.flush();
  }

  #full(): void {
    if (this.passed < this.#cut) return this.#stalled();
    this.#waiting.length = 0;
    this.from?.terminate();
    if (this.#fault.reset === true) this.to?.terminate();
    else this.to?.shutdown();
    if (this.#isCut) return;
    this.#isCut = true;
    this.#counts[this.#fault.reset === true ? "resets" : "cuts"] += 1;
  }

  #stalled(): void {
    this.from?.pause();
    if (this.#stalling) return;
    this.#stalling = true;
    this.#counts.stalls += 1;
    const { stallFor } = this.#fault;
    if (stallFor === undefined) return;
    setTimeout(() => {
      this.#stall = Number.POSITIVE_INFINITY;
      this.flush();
    }, stallFor);
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const end = this.passed + bytes.length;
    const flips = this.#flip.filter((bit) => bit >= this.passed * 8 && bit < end * 8);
    if (flips.length === 0) return bytes;
    const copy = bytes.slice();
    for (const bit of flips) copy[Math.floor(bit / 8) - this.passed]! ^= 1 << (bit % 8);
    // What the receiver does not take at once is damaged again, and counted once.
    const seen = flips.filter((bit) => bit >= this.#flipped);
    this.#counts.flips += seen.length;
    if (seen.length > 0) this.#flipped = seen.at(-1)! + 1;
    return copy;
  }
}

/** Reads the frames that pass, and flips bits of what `Data` carries. */
class PayloadFlips {
  readonly #decoder = new FrameDecoder({ maxFrame: 4 * MAX_FRAME });
  readonly #bits: readonly number[];
  readonly #counts: FaultCounts;
  /** Payload bytes so far. */
  #passed = 0;

  constructor(bits: readonly number[], counts: FaultCounts) {
    this.#bits = bits;
    this.#counts = counts;
  }

  /** In place: the slices of the decoder are views of the chunk. */
  damage(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (let event = this.#decoder.next(); event !== undefined; event = this.#decoder.next()) {
      if (event.type !== "payload") continue;
      const { bytes } = event;
      if (bytes.buffer !== chunk.buffer) throw new Error("payload that is not in its chunk");
      for (const bit of this.#bits) {
        const at = Math.floor(bit / 8) - this.#passed;
        if (at < 0 || at >= bytes.length) continue;
        bytes[at]! ^= 1 << (bit % 8);
        this.#counts.flips += 1;
      }
      this.#passed += bytes.length;
    }
  }
}
