import { describe, expect, test } from "bun:test";
import { connect, listen, LeatError, type Channel } from "leat/codec";
import { join } from "node:path";
import { jsonCodec, note, type Note } from "./json-codec.ts";

const options = { hostname: "127.0.0.1", port: 0, codec: jsonCodec, maxLength: 1 << 20 };

const echo = async (channel: Channel<Note>): Promise<void> => {
  for await (const one of channel) if (!channel.send(one)) await channel.drained();
};

describe("over TCP", () => {
  test("an echo of more than the kernel holds, with backpressure both ways", async () => {
    await using listener = listen<Note>({ ...options, onOpen: echo });
    await using channel = await connect<Note>({ ...options, port: listener.port });
    expect(listener.address).toBe(`127.0.0.1:${listener.port}`);
    const messages = 200;
    const sending = (async () => {
      for (let at = 0; at < messages; at++) {
        if (!channel.send(note(100_000 + at))) await channel.drained();
      }
      channel.shutdown();
    })();
    let count = 0;
    for await (const one of channel) expect(one.text.length).toBe(100_000 + count++);
    await sending;
    expect(count).toBe(messages);
  });

  test("many peers at once, and each one's end", async () => {
    await using listener = listen<Note>({ ...options, onOpen: echo });
    const echoes = Array.from({ length: 50 }, async (_, at) => {
      await using channel = await connect<Note>({ ...options, port: listener.port });
      channel.send({ text: `${at}` });
      return await channel.receive();
    });
    const expected = Array.from({ length: 50 }, (_, at) => ({ text: `${at}` }));
    expect(await Promise.all(echoes)).toEqual(expected);
  });

  test("over a Unix socket", async () => {
    const unix = join(process.env["TMPDIR"] ?? "/tmp", `leat-codec-${process.pid}.sock`);
    const { codec, maxLength } = options;
    await using listener = listen<Note>({ unix, codec, maxLength, onOpen: echo });
    await using channel = await connect<Note>({ unix, codec, maxLength });
    channel.send({ text: "hi" });
    expect(await channel.receive()).toEqual({ text: "hi" });
    expect(listener.address).toBe(`unix:${unix}`);
  });

  test("closing the listener ends its peers, and theirs see an end", async () => {
    const listener = listen<Note>({ ...options, onOpen: echo });
    const channel = await connect<Note>({ ...options, port: listener.port });
    channel.send({ text: "hi" });
    expect(await channel.receive()).toEqual({ text: "hi" });
    expect(listener.channels.size).toBe(1);
    const closing = listener.close();
    expect(await channel.receive()).toBeUndefined();
    await channel.close();
    await closing;
    expect(listener.channels.size).toBe(0);
  });

  test("a handler that returns closes its channel; one that throws is heard", async () => {
    const heard = Promise.withResolvers<unknown>();
    await using listener = listen<Note>({
      ...options,
      onOpen: async (channel) => {
        if ((await channel.receive())?.text === "bad") throw new LeatError("READ_ONLY", "no");
      },
      onError: heard.resolve,
    });
    for (const text of ["good", "bad"]) {
      await using channel = await connect<Note>({ ...options, port: listener.port });
      channel.send({ text });
      expect(await channel.receive()).toBeUndefined();
    }
    expect(await heard.promise).toMatchObject({ code: "READ_ONLY" });
  });

  test("above maxChannels a peer is turned away", async () => {
    await using listener = listen<Note>({ ...options, maxChannels: 1, onOpen: echo });
    await using first = await connect<Note>({ ...options, port: listener.port });
    first.send({ text: "in" });
    expect(await first.receive()).toEqual({ text: "in" });
    await using second = await connect<Note>({ ...options, port: listener.port });
    expect(await second.receive()).toBeUndefined();
  });

  test("nobody there, and a port that is taken", async () => {
    const listener = listen<Note>({ ...options, onOpen: echo });
    const { port } = listener;
    const unavailable = expect.objectContaining({ code: "UNAVAILABLE" });
    expect(() => listen<Note>({ ...options, port, onOpen: echo })).toThrow(unavailable);
    await listener.close();
    await expect(connect<Note>({ ...options, port })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });
});

test("the example chats, and all of it exits cleanly", async () => {
  const script = join(import.meta.dir, "../../examples/chat/chat.ts");
  const chat = (...args: string[]) =>
    Bun.spawn([process.execPath, script, ...args], { stdin: "pipe", stdout: "pipe" });
  await using server = chat("server", "0");
  const serverLines = lines(server.stdout);
  const port = (await serverLines.next()).value!.match(/^chat listening on .*:(\d+)$/)![1]!;
  await using ann = chat("client", port, "ann");
  await using bob = chat("client", port, "bob");
  const annLines = lines(ann.stdout);
  const bobLines = lines(bob.stdout);
  // Bob talks until Ann answers: then both are known to be connected.
  const talking = setInterval(() => {
    bob.stdin.write("anybody?\n");
    void bob.stdin.flush();
  }, 20);
  expect((await annLines.next()).value).toBe("bob: anybody?");
  clearInterval(talking);
  ann.stdin.write("yes, ann\n");
  await ann.stdin.flush();
  expect((await bobLines.next()).value).toBe("ann: yes, ann");
  await ann.stdin.end();
  expect(await ann.exited).toBe(0);
  server.kill("SIGINT");
  expect(await server.exited).toBe(0);
  expect(await bob.exited).toBe(0);
});

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}
