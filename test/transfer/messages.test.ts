/** Messages of any size through an OutgoingQueue, in frames of any length, and back. */
import { expect, test } from "bun:test";
import { crc32 } from "../../src/hash.ts";
import { IncomingMessages } from "../../src/transfer/incoming-messages.ts";
import { OutgoingQueue } from "../../src/transfer/outgoing-queue.ts";
import { encodeMessage } from "../../src/wire/plain.ts";
import { seededRandom } from "../support/chop.ts";

const { below } = seededRandom(1814);

test("what is queued comes out, in order, whatever the lengths of messages and frames", () => {
  for (let round = 0; round < 50; round += 1) {
    let ready = 0;
    let left = 0;
    const queue = new OutgoingQueue({
      onReady: () => (ready += 1),
      onTaken: (bytes) => (left += bytes),
    });
    const incoming = new IncomingMessages("TreeItem", "a test sent items", ({ contents, entry }) =>
      contents ? entry!.size : undefined,
    );
    const sent: string[] = [];
    const came: string[] = [];
    const most = [3, 100, 5000][round % 3]!;
    const pull = (): void => {
      const frame = new Uint8Array(most);
      const length = Math.min(queue.available, 1 + below(most));
      queue.take(frame, 0, length);
      const sum = queue.endBlock();
      expect(sum).toBe(crc32(frame.subarray(0, length)));
      const cut = below(length);
      if (cut > 0) incoming.push(frame.subarray(0, cut), undefined);
      incoming.push(frame.subarray(cut, length), sum);
      for (let next = incoming.next(); next !== undefined; next = incoming.next()) {
        const { message, contents } = next;
        came.push(`${message.leave} ${Buffer.from(contents ?? []).toString("latin1")}`);
      }
    };
    for (let index = 0; index < 100; index += 1) {
      const contents = Buffer.alloc(below(below(10) === 0 ? 3000 : 20), `${index}`);
      const entry = { name: "x".repeat(below(300)), kind: "FILE", size: contents.length } as const;
      queue.push(encodeMessage("TreeItem", { leave: index, entry, contents: true }, true));
      queue.push(new Uint8Array(contents));
      sent.push(`${index} ${contents.toString("latin1")}`);
      while (queue.available > 0 && below(3) > 0) pull();
    }
    expect(queue.done).toBe(false);
    while (queue.available > 0) pull();
    queue.end();
    expect(queue.done).toBe(true);
    const finish = queue.finish();
    expect([finish.size, queue.taken, queue.queued]).toEqual([left, left, left]);
    incoming.finish({ ...finish, cursor: undefined, skippedNames: 0 } as never);
    expect(incoming.isEmpty).toBe(true);
    expect(came).toEqual(sent);
    expect(ready).toBeGreaterThan(0);
  }
});

test("a message without the contents that it announces is not whole", () => {
  const incoming = new IncomingMessages("TreeItem", "a test sent items", () => 5);
  const bytes = encodeMessage("TreeItem", { leave: 1 }, true);
  incoming.push(bytes, crc32(bytes));
  expect(incoming.next()).toBeUndefined();
  expect(incoming.isEmpty).toBe(false);
});

test("a queue that was released takes nothing, and holds nothing", () => {
  const queue = new OutgoingQueue({ onReady: () => {}, onTaken: () => {} });
  queue.push(Uint8Array.of(1));
  queue.release();
  queue.push(Uint8Array.of(2));
  expect([queue.available, queue.waiting]).toEqual([0, 0]);
});
