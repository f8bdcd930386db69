import { describe, expect, test } from "bun:test";
import { saveTail } from "../../src/connection/saved-tail.ts";
import type { Outgoing, BufferedPayload } from "../../src/session/outgoing.ts";
import { seededRandom } from "../support/chop.ts";

/** A file whose byte at `position` is told by its number, and that can be read again. */
class File implements Outgoing {
  readonly available = 0;
  readonly done = false;
  released = false;
  reads = 0;
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  ends(): boolean {
    return false;
  }

  take(): void {}

  endBlock(): number {
    return 0;
  }

  finish(): object {
    return {};
  }

  retake(into: Uint8Array, at: number, length: number, position: number): void {
    this.reads++;
    for (let i = 0; i < length; i++) into[at + i] = this.byte(position + i);
  }

  byte(position: number): number {
    return this.released ? 0 : (position * 13 + this.#number * 101) & 255;
  }

  release(): void {
    this.released = true;
  }
}

const random = seededRandom(301);

/** A send buffer as a session fills it: heads and answers, and the payloads of files between them. */
function filled(files: readonly File[], payloads: number, most: number) {
  const bytes: number[] = [];
  const taken: BufferedPayload[] = [];
  const others = (): void => {
    for (let i = random.below(30); i > 0; i--) bytes.push(random.below(256));
  };
  for (let i = 0; i < payloads; i++) {
    others();
    const outgoing = random.pick(files);
    const [length, position] = [1 + random.below(most), random.below(1e6)];
    // One in four can't be taken again: its bytes are like all others.
    if (random.below(4) > 0) taken.push({ outgoing, start: bytes.length, length, position });
    for (let k = 0; k < length; k++) bytes.push(outgoing.byte(position + k));
  }
  others();
  bytes.push(1);
  return { buffer: Uint8Array.from(bytes), taken };
}

describe("the unsent tail of a buffer", () => {
  test("is made again from any byte on", () => {
    const { buffer, taken } = filled([new File(1), new File(2)], 5, 60);
    for (let start = 0; start < buffer.length; start++) {
      const saved = saveTail(buffer, start, buffer.length, taken)!;
      const into = new Uint8Array(buffer.length);
      const length = saved.restore(into, []);
      expect(into.slice(0, length)).toEqual(buffer.slice(start));
    }
  });

  test("is made again as often as it is dropped, each time with more of it gone", () => {
    for (let round = 0; round < 300; round++) {
      const files = [new File(1), new File(2), new File(3)];
      const { buffer: whole, taken: first } = filled(files, 1 + random.below(6), 200);
      let buffer: Uint8Array = whole;
      let taken = first;
      let end = whole.length;
      let sent = 0;
      while (sent < whole.length) {
        const step = 1 + random.below(Math.min(120, whole.length - sent));
        const saved = saveTail(buffer, step, end, taken)!;
        sent += step;
        buffer = random.bytes(whole.length);
        taken = [];
        end = saved.restore(buffer, taken);
        expect(Buffer.compare(buffer.subarray(0, end), whole.subarray(sent))).toBe(0);
      }
    }
  });

  test("holds no copy of a file's bytes", () => {
    const file = new File(1);
    const { buffer, taken } = filled([file], 3, 1000);
    const saved = saveTail(buffer, 0, buffer.length, taken)!;
    expect(file.reads).toBe(0);
    saved.restore(new Uint8Array(buffer.length), []);
    expect(file.reads).toBe(taken.length);
  });

  test("of a file that was closed meanwhile is zeros: its stream is over", () => {
    const file = new File(1);
    const buffer = new Uint8Array(110).fill(7);
    file.retake(buffer, 10, 100, 5);
    const saved = saveTail(buffer, 0, 110, [
      { outgoing: file, start: 10, length: 100, position: 5 },
    ])!;
    file.release();
    const into = new Uint8Array(200).fill(9);
    expect(saved.restore(into, [])).toBe(110);
    expect([...into.subarray(0, 10), ...into.subarray(110)]).toEqual([
      ...Array<number>(10).fill(7),
      ...Array<number>(90).fill(9),
    ]);
    expect(Math.max(...into.subarray(10, 110))).toBe(0);
  });

  test("of a file that is closed already is copied, up to a bound", () => {
    const file = new File(1);
    const size = 32 << 10;
    const buffer = new Uint8Array(size + 1);
    file.retake(buffer, 0, buffer.length, 0);
    const taken = [{ outgoing: file, start: 0, length: buffer.length, position: 0 }];
    file.release();
    expect(saveTail(buffer, 0, buffer.length, taken)).toBeUndefined();
    const saved = saveTail(buffer, 1, buffer.length, taken)!;
    const into = new Uint8Array(size);
    expect(saved.restore(into, [])).toBe(size);
    expect(Buffer.compare(into, buffer.subarray(1))).toBe(0);
  });
});
