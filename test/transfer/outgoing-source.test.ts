import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { LeatError } from "../../src/errors.ts";
import type { Source, StoreEntry } from "../../src/store/store.ts";
import { OutgoingSource } from "../../src/transfer/outgoing-source.ts";
import { seededRandom } from "../support/chop.ts";
import { refusal } from "../wire/refusal.ts";

const random = seededRandom(401);
const CONTENTS = random.bytes(5000);

/** A file that can become shorter, another, unreadable. */
class Changing implements Source {
  readonly synchronous = true;
  readonly entry: StoreEntry;
  version = "one";
  size = CONTENTS.length;
  broken = false;
  disposals = 0;

  constructor() {
    const modified = { seconds: 0, nanoseconds: 0 };
    const { version, size } = this;
    this.entry = { name: "f", kind: "FILE", mode: 0o644, modified, version, size };
  }

  read(into: Uint8Array, position: number): number {
    if (this.broken) throw new LeatError("IO_ERROR", "the disk is gone");
    const bytes = CONTENTS.subarray(position, Math.min(this.size, position + into.length));
    into.set(bytes);
    return bytes.length;
  }

  currentVersion(): string {
    return this.version;
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}

function outgoing(source: Changing, offset = 0, length = CONTENTS.length - offset, sha256 = false) {
  const taken: number[] = [];
  const onTaken = (bytes: number): void => void taken.push(bytes);
  return {
    taken,
    out: new OutgoingSource({ source, offset, length, sha256, path: "a/f", onTaken }),
  };
}

describe("a range of a file", () => {
  test.each([
    [0, 5000],
    [1234, 3766],
    [10, 100],
    [5000, 0],
  ])("from %p, %p bytes, leaves as it is, with its sums", (offset, length) => {
    const { out, taken } = outgoing(new Changing(), offset, length, true);
    const into = new Uint8Array(length + 20).fill(9);
    let at = 10;
    let blocks: number[] = [];
    while (!out.done) {
      const count = Math.min(out.available, 1 + random.below(700));
      expect(out.ends(count)).toBe(count === out.available);
      out.take(into, at, count);
      at += count;
      blocks.push(out.endBlock());
    }
    const expected = CONTENTS.subarray(offset, offset + length);
    expect(Buffer.compare(into.subarray(10, 10 + length), expected)).toBe(0);
    expect([...into.subarray(0, 10), ...into.subarray(length + 10)]).toEqual(Array(20).fill(9));
    expect(out.finish()).toEqual({
      size: length,
      crc32: crc32(expected),
      sha256: new Bun.CryptoHasher("sha256").update(expected).digest().valueOf() as Buffer,
    });
    let from = 0;
    for (const [i, count] of taken.entries()) {
      expect(blocks[i]).toBe(crc32(expected.subarray(from, from + count)));
      from += count;
    }
    expect(from).toBe(length);
  });

  test("of a file that became shorter fails with CHANGED, and nothing counts as taken", () => {
    const source = new Changing();
    const { out, taken } = outgoing(source);
    source.size = 99;
    const error = refusal("CHANGED", () => out.take(new Uint8Array(100), 0, 100));
    expect(error.message).toBe("a/f changed while it was sent: it has 99 bytes left");
    expect([taken.length, out.available]).toEqual([0, 5000]);
  });

  test("of a file that is another one by the end fails with CHANGED", () => {
    const source = new Changing();
    const { out } = outgoing(source);
    out.take(new Uint8Array(5000), 0, 5000);
    source.version = "two";
    refusal("CHANGED", () => out.finish());
  });

  test("lets go of the file once", () => {
    const source = new Changing();
    const { out } = outgoing(source);
    expect(out.released).toBe(false);
    out.release();
    out.release();
    expect([out.released, source.disposals]).toEqual([true, 1]);
  });
});

describe("bytes that are taken again", () => {
  test("are the same, and count for nothing", () => {
    const { out, taken } = outgoing(new Changing(), 100);
    out.take(new Uint8Array(1000), 0, 1000);
    const into = new Uint8Array(520).fill(9);
    out.again(into, 10, 500, 300);
    expect(Buffer.compare(into.subarray(10, 510), CONTENTS.subarray(300, 800))).toBe(0);
    expect([into[9], into[510], taken.length, out.available]).toEqual([9, 9, 1, 3900]);
    expect(out.endBlock()).toBe(crc32(CONTENTS.subarray(100, 1100)));
  });

  test("are zeros where the file has them no longer, for the frame's length was promised", () => {
    const source = new Changing();
    const { out } = outgoing(source);
    source.size = 400;
    const into = new Uint8Array(520).fill(9);
    out.again(into, 10, 500, 300);
    expect(Buffer.compare(into.subarray(10, 110), CONTENTS.subarray(300, 400))).toBe(0);
    expect(Math.max(...into.subarray(110, 510))).toBe(0);
    expect(into[510]).toBe(9);
  });

  test.each(["closed", "broken"])("are zeros where the file is %s: nothing is thrown", (how) => {
    const source = new Changing();
    const { out } = outgoing(source);
    if (how === "closed") out.release();
    source.broken = true;
    const into = new Uint8Array(20).fill(9);
    out.again(into, 5, 10, 0);
    expect([...into]).toEqual([...Array(5).fill(9), ...Array(10).fill(0), ...Array(5).fill(9)]);
  });
});

test("a source that answers later is refused: OutgoingChunks is for those", () => {
  const source = new Changing();
  source.read = (() => Promise.resolve(5)) as unknown as typeof source.read;
  const { out } = outgoing(source);
  refusal("INTERNAL", () => out.take(new Uint8Array(10), 0, 10));
});
