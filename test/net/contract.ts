/** What every transport must do, whatever is under it. Run by memory.test.ts and bun.test.ts. */
import { describe, expect, test } from "bun:test";
import type { Accept, Transport, TransportHandler } from "../../src/net/transport.ts";
import { join, seededRandom } from "../support/chop.ts";

/** One end of a line: what happened to it, and something to write with. */
export class Peer implements TransportHandler {
  readonly transport: Transport;
  /** "end", "close" and "drain" in their order; bytes are in `bytes`. */
  readonly diary: string[] = [];
  readonly chunks: Uint8Array[] = [];
  drains = 0;
  error: Error | undefined;
  /** What is being written; everything before `#at` was taken. */
  #sending: Uint8Array = new Uint8Array(0);
  #at = 0;
  #finish = false;
  #wake: (() => void) | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  get bytes(): Uint8Array {
    return join(this.chunks);
  }

  get received(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get sent(): boolean {
    return this.#at === this.#sending.length;
  }

  onData(chunk: Uint8Array): void {
    this.#alive();
    this.chunks.push(chunk);
    this.#notify();
  }

  onDrain(): void {
    this.#alive();
    this.drains++;
    this.#push();
    this.#notify();
  }

  onEnd(): void {
    this.#alive();
    this.diary.push("end");
    this.#notify();
  }

  onClose(error: Error | undefined): void {
    this.#alive();
    this.error = error;
    this.diary.push("close");
    this.#notify();
  }

  /** Writes all of it, as it is taken. */
  send(bytes: Uint8Array): void {
    this.#sending = join([this.#sending.subarray(this.#at), bytes]);
    this.#at = 0;
    this.#push();
  }

  /** FIN behind everything that was sent. */
  finish(): void {
    this.#finish = true;
    this.#push();
  }

  /** Waits for something to happen to this end. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  ended(): Promise<void> {
    return this.until(() => this.diary.includes("end"));
  }

  closed(): Promise<void> {
    return this.until(() => this.diary.includes("close"));
  }

  #push(): void {
    while (!this.sent) {
      const bytes = this.#sending;
      const count = this.transport.write(bytes, this.#at, bytes.length - this.#at);
      if (count <= 0) return;
      this.#at += count;
    }
    if (!this.#finish) return;
    this.#finish = false;
    this.transport.shutdown();
  }

  #alive(): void {
    if (this.diary.includes("close")) throw new Error("something came behind onClose");
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** Joins two transports, until the end of the scope. */
export interface Line extends AsyncDisposable {
  readonly a: Peer;
  readonly b: Peer;
}

export type MakeLine = () => Promise<Line>;

/** Makes a peer of a transport that opens. @returns the handler's maker, and the peer to come */
export function peerTo(): { accept: Accept; peer: Promise<Peer> } {
  const { promise, resolve } = Promise.withResolvers<Peer>();
  const accept: Accept = (transport) => {
    const peer = new Peer(transport);
    resolve(peer);
    return peer;
  };
  return { accept, peer: promise };
}

export function transportContract(name: string, makeLine: MakeLine): void {
  const random = seededRandom(501);
  const LONG = random.bytes(3 << 20);
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

  describe(name, () => {
    test("carries bytes both ways at once, in order, and FIN behind them", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      const back = LONG.toReversed();
      a.send(LONG);
      a.finish();
      b.send(back);
      b.finish();
      await Promise.all([
        b.until(() => b.received === LONG.length),
        a.until(() => a.received === back.length),
      ]);
      expect([same(b.bytes, LONG), same(a.bytes, back)]).toEqual([true, true]);
    });

    test("takes less than all of a long write, and asks for the rest later", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      b.transport.pause();
      const huge = new Uint8Array(32 << 20);
      let taken = 0;
      for (let count = 1; count > 0; taken += count) {
        count = a.transport.write(huge, taken, huge.length - taken);
        expect(count).toBeGreaterThanOrEqual(0);
      }
      expect(taken).toBeLessThan(huge.length);
      const { drains } = a;
      b.transport.resume();
      await b.until(() => b.received === taken);
      await a.until(() => a.drains > drains);
    });

    test("an empty write takes nothing", async () => {
      await using line = await makeLine();
      expect(line.a.transport.write(new Uint8Array(5), 2, 0)).toBe(0);
    });

    test("the side that sent FIN goes on reading, as long as the other writes", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      a.send(Uint8Array.of(1));
      a.finish();
      await b.ended();
      expect(a.transport.write(Uint8Array.of(1), 0, 1)).toBe(-1);
      b.send(LONG);
      b.finish();
      await a.until(() => a.received === LONG.length);
      expect(same(a.bytes, LONG)).toBe(true);
    });

    test("shutdown loses nothing, although the other wrote what was never read", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      a.transport.pause();
      b.send(LONG.subarray(0, 50_000));
      a.send(LONG);
      a.finish();
      await b.ended();
      expect(same(b.bytes, LONG)).toBe(true);
    });

    test("FIN, and close once the other's FIN came: nothing is lost, both close once", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      b.finish();
      await a.ended();
      a.send(LONG);
      await a.until(() => a.sent);
      a.transport.shutdown();
      a.transport.close();
      a.transport.close();
      expect([a.diary, a.error]).toEqual([["end", "close"], undefined]);
      await b.until(() => b.diary.length > 0);
      expect(same(b.bytes, LONG)).toBe(true);
      b.transport.close();
      await b.closed();
      expect(b.error).toBeUndefined();
    });

    test("close ends it at once, and the other hears of it", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      a.transport.close();
      expect([a.diary, a.error]).toEqual([["close"], undefined]);
      expect(a.transport.write(Uint8Array.of(1), 0, 1)).toBe(-1);
      await b.until(() => b.diary.length > 0);
    });

    test("who writes to one that is gone hears of it", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      a.transport.shutdown();
      a.transport.close();
      await b.ended();
      // What is going may still take a byte: it is sent until nothing does.
      const sending = setInterval(() => b.send(Uint8Array.of(1)), 5);
      await b.closed();
      clearInterval(sending);
      expect(b.transport.write(Uint8Array.of(1), 0, 1)).toBe(-1);
    });

    test("nothing is lost while it is paused, and FIN waits, too", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      b.transport.pause();
      a.send(LONG.subarray(0, 1000));
      a.finish();
      // The other way still goes: when this has come, the line had time for the rest.
      b.send(LONG.subarray(0, 100_000));
      await a.until(() => a.received === 100_000);
      expect([b.received, b.diary]).toEqual([0, []]);
      b.transport.resume();
      await b.ended();
      expect(same(b.bytes, LONG.subarray(0, 1000))).toBe(true);
    });

    test("pauses inside onData: no chunk more until it goes on", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      const { onData } = b;
      b.onData = (chunk) => {
        b.transport.pause();
        onData.call(b, chunk);
      };
      a.send(LONG);
      a.finish();
      let pauses = 0;
      while (b.received < LONG.length) {
        await b.until(() => b.chunks.length > pauses);
        expect(b.chunks.length).toBe(++pauses);
        b.transport.resume();
      }
      expect(same(b.bytes, LONG)).toBe(true);
    });

    test("a chunk stays as it is until it is freed", async () => {
      await using line = await makeLine();
      const { a, b } = line;
      a.send(LONG.subarray(0, 1000));
      await b.until(() => b.received === 1000);
      const first = b.chunks.splice(0);
      a.send(LONG.subarray(1000, 2000));
      await b.until(() => b.received === 1000);
      expect(same(join(first), LONG.subarray(0, 1000))).toBe(true);
      for (const chunk of first) b.transport.free(chunk);
      expect(same(b.bytes, LONG.subarray(1000, 2000))).toBe(true);
    });
  });
}
