import { expect, test } from "bun:test";
import { SendBuffer } from "../../src/codec/send-buffer.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { bytesHeld, join, seededRandom } from "../support/chop.ts";

test("what goes in comes out in order, however it is taken", () => {
  const random = seededRandom(4);
  const buffer = new SendBuffer();
  const messages: Uint8Array[] = [];
  const taken: Uint8Array[] = [];
  for (let round = 0; round < 2000; round++) {
    const message = random.bytes(random.below(random.pick([5, 300, 40_000])) >> 1);
    messages.push(message);
    buffer.append(message);
    const count = Math.min(buffer.length, random.below(20_000));
    taken.push(buffer.bytes.slice(buffer.start, buffer.start + count));
    buffer.skip(count);
  }
  taken.push(buffer.bytes.slice(buffer.start, buffer.start + buffer.length));
  buffer.skip(buffer.length);
  expect(buffer.length).toBe(0);
  expect(join(taken)).toEqual(join(messages.map(delimit)));
});

test("an empty buffer lets go of what a long message needed", () => {
  const buffer = new SendBuffer();
  const before = bytesHeld();
  buffer.append(new Uint8Array(8 << 20));
  buffer.skip(buffer.length);
  expect(bytesHeld() - before).toBeLessThan(1 << 20);
  expect(buffer.length).toBe(0);
});
