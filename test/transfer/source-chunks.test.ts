import { describe, expect, test } from "bun:test";
import type { Source, StoreEntry } from "../../src/store/store.ts";
import { sourceChunks } from "../../src/transfer/source-chunks.ts";
import { join, seededRandom } from "../support/chop.ts";
import { refused } from "../store/support.ts";

const BYTES = seededRandom(406).bytes(1000);

/** A source that answers later. */
class Later implements Source {
  readonly synchronous = false;
  readonly entry: StoreEntry = {
    name: "f",
    kind: "FILE",
    size: BYTES.length,
    mode: 0o644,
    modified: { seconds: 0, nanoseconds: 0 },
    version: "one",
  };
  version = "one";
  size = BYTES.length;
  disposals = 0;

  async read(into: Uint8Array, position: number): Promise<number> {
    await Promise.resolve();
    const bytes = BYTES.subarray(position, Math.min(this.size, position + into.length));
    into.set(bytes);
    return bytes.length;
  }

  async currentVersion(): Promise<string> {
    return this.version;
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return join(all);
}

describe("the chunks of a source", () => {
  test.each([
    [0, 1000, 300],
    [10, 200, 100],
    [999, 1, 5000],
    [1000, 0, 10],
  ])("from %p, %p bytes in pieces of %p", async (offset, length, size) => {
    const source = new Later();
    const bytes = await collect(sourceChunks(source, offset, length, size, "f"));
    expect(Buffer.compare(bytes, BYTES.subarray(offset, offset + length))).toBe(0);
    expect(source.disposals).toBe(1);
  });

  test("are each their own: one that is kept is not written to", async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of sourceChunks(new Later(), 0, 1000, 100, "f")) chunks.push(chunk);
    expect(new Set(chunks.map((chunk) => chunk.buffer)).size).toBe(10);
  });

  test.each(["shorter", "another"])("of a file that became %s fail", async (how) => {
    const source = new Later();
    if (how === "shorter") source.size = 950;
    else source.version = "two";
    await refused("CHANGED", () => collect(sourceChunks(source, 0, 1000, 300, "f")));
    expect(source.disposals).toBe(1);
  });

  test("let go of the file when somebody stops in the middle", async () => {
    const source = new Later();
    for await (const chunk of sourceChunks(source, 0, 1000, 300, "f")) {
      expect(chunk).toHaveLength(300);
      break;
    }
    expect(source.disposals).toBe(1);
  });
});
