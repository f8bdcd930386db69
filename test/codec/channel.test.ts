import { describe, expect, test } from "bun:test";
import { type Channel, type ChannelOptions, createChannel } from "../../src/codec/channel.ts";
import { memoryPair, type MemoryTransport, type PipeOptions } from "../../src/net/memory.ts";
import type { Accept, Transport } from "../../src/net/transport.ts";
import { delimit, encodeDelimited } from "../../src/wire/delimited.ts";
import { seededRandom } from "../support/chop.ts";
import { jsonCodec, note, type Note } from "./json-codec.ts";

type Options = Partial<ChannelOptions<Note, Note>>;

interface Pair {
  readonly a: Channel<Note>;
  readonly b: Channel<Note>;
  readonly transports: readonly [MemoryTransport, MemoryTransport];
}

function pair(options: Options = {}, pipe: PipeOptions = {}): Pair {
  const channels: Channel<Note>[] = [];
  const accept: Accept = (transport) => {
    const { channel, handler } = createChannel(transport, {
      codec: jsonCodec,
      maxLength: 100_000,
      ...options,
    });
    channels.push(channel);
    return handler;
  };
  const transports = memoryPair(accept, accept, pipe);
  return { a: channels[0]!, b: channels[1]!, transports };
}

/** A channel against bytes of the test's own making. */
function raw(options: Options = {}, pipe: PipeOptions = {}) {
  const seen = { chunks: [] as Uint8Array[], ended: false };
  let channel!: Channel<Note>;
  const [, transport] = memoryPair(
    (own) => {
      const opened = createChannel(own, { codec: jsonCodec, maxLength: 1000, ...options });
      channel = opened.channel;
      return opened.handler;
    },
    () => ({
      onData: (chunk) => void seen.chunks.push(chunk),
      onDrain: () => {},
      onEnd: () => (seen.ended = true),
      onClose: () => {},
    }),
    pipe,
  );
  const write = (bytes: Uint8Array): number => transport.write(bytes, 0, bytes.length);
  return { channel, transport: transport as Transport, write, seen };
}

async function all(channel: Channel<Note>): Promise<Note[]> {
  const notes: Note[] = [];
  for await (const one of channel) notes.push(one);
  return notes;
}

const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick++) await new Promise(setImmediate);
};

describe("messages", () => {
  test("arrive in order, both ways at once, and the end behind them", async () => {
    const { a, b } = pair();
    const notes = Array.from({ length: 100 }, (_, at) => ({ text: `${at}` }));
    for (const one of notes) expect([a.send(one), b.send(one)]).toEqual([true, true]);
    a.shutdown();
    b.shutdown();
    expect(await Promise.all([all(a), all(b)])).toEqual([notes, notes]);
    await Promise.all([a.closed, b.closed]);
  });

  test("arrive whole through a pipe that cuts them anywhere", async () => {
    const random = seededRandom(5);
    const { a, b } = pair({}, { capacity: 777, chunk: () => 1 + random.below(500) });
    const notes = Array.from({ length: 200 }, () => note(random.below(2000)));
    const sending = (async () => {
      for (const one of notes) if (!a.send(one)) await a.drained();
      a.shutdown();
    })();
    expect(await all(b)).toEqual(notes);
    await sending;
    await b.close();
  });

  test("of one turn leave in one write", async () => {
    const { channel, seen } = raw();
    for (let count = 0; count < 10; count++) channel.send({ text: "hi" });
    await ticks(3);
    const one = encodeDelimited(jsonCodec, { text: "hi" });
    expect(seen.chunks.map((chunk) => chunk.length)).toEqual([10 * one.length]);
  });

  test("are left for the next loop when one is left early", async () => {
    const { a, b } = pair();
    for (const text of ["one", "two", "three"]) a.send({ text });
    a.shutdown();
    for await (const { text } of b) {
      expect(text).toBe("one");
      break;
    }
    expect(await b.receive()).toEqual({ text: "two" });
    expect(await all(b)).toEqual([{ text: "three" }]);
    await b.close();
  });

  test("can be asked for by one at a time", async () => {
    const { a, b } = pair();
    const first = b.receive();
    await expect(b.receive()).rejects.toMatchObject({ code: "INTERNAL" });
    a.send({ text: "x" });
    expect(await first).toEqual({ text: "x" });
    a.abort();
  });
});

describe("a peer that does not read", () => {
  test("makes send say stop; drained says when to go on", async () => {
    const { a, b } = pair({ maxQueued: 1000 }, { capacity: 100 });
    expect(a.send(note(600))).toBe(true);
    await ticks(2);
    expect(a.queued).toBeGreaterThan(0);
    expect(a.send(note(900))).toBe(false);
    const drained = a.drained();
    const received = [await b.receive(), await b.receive()];
    await drained;
    expect(a.queued).toBe(0);
    expect(received).toEqual([note(600), note(900)]);
    expect(a.send(note(1))).toBe(true);
    await a.drained();
    b.abort();
  });

  test("costs maxQueued and one message: a send that does not wait throws", async () => {
    const { a } = pair({ maxQueued: 1000 }, { capacity: 100 });
    expect(a.send(note(2000))).toBe(false);
    expect(() => a.send(note(1))).toThrow(
      expect.objectContaining({
        code: "RESOURCE_EXHAUSTED",
        message: expect.stringContaining("and 1000 are the most: wait for drained()"),
      }),
    );
    a.abort();
  });

  test("and one that does not ask for messages is not sent more than it can hold", async () => {
    const { a, b } = pair({ maxQueued: 1000 }, { capacity: 2000, chunk: () => 1000 });
    let sent = 0;
    while (sent < 100) {
      await ticks(20);
      if (a.queued >= 1000) break;
      a.send(note(900));
      sent++;
    }
    expect(sent).toBeLessThan(10);
    for (let count = 0; count < sent; count++) expect(await b.receive()).toEqual(note(900));
    a.abort();
  });
});

describe("limits and damage", () => {
  test("a message above maxLength is not sent", () => {
    const { a } = pair({ maxLength: 100 });
    const tooLarge = expect.objectContaining({ code: "TOO_LARGE" });
    expect(() => a.send(note(200))).toThrow(tooLarge);
    expect(a.queued).toBe(0);
    a.abort();
  });

  test("one that arrives is refused on its length, after those before it", async () => {
    const { channel, write, seen } = raw();
    write(encodeDelimited(jsonCodec, { text: "ok" }));
    write(Uint8Array.of(0xe9, 0x07));
    expect(await channel.receive()).toEqual({ text: "ok" });
    await expect(channel.receive()).rejects.toMatchObject({ code: "TOO_LARGE" });
    await channel.closed;
    await expect(channel.receive()).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(() => channel.send({ text: "" })).toThrow(
      expect.objectContaining({ code: "TOO_LARGE" }),
    );
    expect(seen.chunks).toEqual([]);
  });

  test("one that the codec refuses ends the channel, and nothing behind it is trusted", async () => {
    const { channel, write } = raw();
    write(delimit(Uint8Array.of(0x7b)));
    write(encodeDelimited(jsonCodec, { text: "behind" }));
    await expect(all(channel)).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    await channel.closed;
    await expect(channel.receive()).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test("an end inside a message is a loss", async () => {
    const { channel, write, transport } = raw();
    write(Uint8Array.of(10, 1, 2));
    transport.shutdown();
    await expect(all(channel)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      message: "the stream ended after 2 of the 10 bytes of a message",
    });
    await ticks(3);
    await channel.close();
  });

  test("a reset rejects who waits, for messages and for room", async () => {
    const { a, b, transports } = pair({ maxQueued: 10 }, { capacity: 10 });
    a.send(note(100));
    const drained = a.drained();
    const received = b.receive();
    transports[0].cut();
    const lost = { code: "CONNECTION_LOST" };
    await expect(drained).rejects.toMatchObject(lost);
    await expect(received).rejects.toMatchObject(lost);
    await Promise.all([a.closed, b.closed]);
    await expect(a.drained()).rejects.toMatchObject(lost);
    expect(a.open).toBe(false);
    expect(() => a.send(note(1))).toThrow(expect.objectContaining(lost));
  });

  test("messages that came before a reset are still given", async () => {
    const { a, b, transports } = pair();
    a.send({ text: "last words" });
    await ticks(3);
    transports[0].cut();
    expect(await b.receive()).toEqual({ text: "last words" });
    await expect(b.receive()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});

describe("the end", () => {
  test("close sends what is queued, and drops what comes", async () => {
    const { a, b } = pair({}, { capacity: 50 });
    b.send({ text: "dropped" });
    a.send(note(5000));
    const closing = a.close();
    expect(a.open).toBe(false);
    expect(await all(b)).toEqual([note(5000)]);
    await b.close();
    await closing;
    expect(await a.receive()).toBeUndefined();
  });

  test("close ends a loop that waits", async () => {
    const { a, b } = pair();
    const loop = all(a);
    await Promise.all([a.close(), b.close()]);
    expect(await loop).toEqual([]);
  });

  test("after both sides have shut down, no close is needed", async () => {
    const { a, b } = pair();
    a.shutdown();
    expect(await b.receive()).toBeUndefined();
    expect(b.send({ text: "still open this way" })).toBe(true);
    b.shutdown();
    expect(await all(a)).toEqual([{ text: "still open this way" }]);
    await Promise.all([a.closed, b.closed]);
  });

  test("close cuts off a peer that does not end its side", async () => {
    const { channel, seen } = raw({ closeDeadline: 20 });
    await channel.close();
    await ticks(3);
    expect(seen.ended).toBe(true);
  });

  test("close may come twice, and after the end", async () => {
    const { a, b } = pair();
    await Promise.all([a.close(), a.close(), b.close()]);
    await a.close();
    a.abort();
    expect(() => a.send(note(1))).toThrow(expect.objectContaining({ code: "CONNECTION_LOST" }));
  });

  test("abort loses what is queued, and says why to who waits", async () => {
    const { a } = pair({ maxQueued: 10 }, { capacity: 10 });
    a.send(note(100));
    const drained = a.drained();
    a.abort();
    await expect(drained).rejects.toMatchObject({ code: "CANCELLED" });
    await a.closed;
  });

  test("await using closes", async () => {
    const { a, b } = pair();
    const other = all(b).then(() => b.close());
    {
      await using channel = a;
      channel.send({ text: "x" });
    }
    await Promise.all([other, a.closed, b.closed]);
  });
});
