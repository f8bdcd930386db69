/**
 * A chat that uses only `leat/codec`, with a schema of its own. It gets its framing from leat, and learns when a
 * peer reads too slowly or has ended.
 *
 *   bun examples/chat/chat.ts server 4000          0 picks a free port
 *   bun examples/chat/chat.ts client 4000 ann      sends lines of stdin; Ctrl-D leaves
 */
import { createInterface } from "node:readline";
import { type Channel, connect, LeatError, listen } from "leat/codec";
import protobuf from "protobufjs";

type Line = { name: string; text: string };

const schema = 'syntax = "proto3"; message Line { string name = 1; string text = 2; }';
const type = protobuf.parse(schema).root.lookupType("Line");
const codec = {
  encode: (line: Line) => type.encode(line),
  decode: (bytes: Uint8Array) => type.toObject(type.decode(bytes), { defaults: true }) as Line,
};
const [mode, port, name = "someone"] = process.argv.slice(2);
const options = { hostname: "127.0.0.1", port: Number(port), codec, maxLength: 4096 };

/** Sends a line to all others. A client that reads too slowly is dropped, so it cannot delay the others. */
function tell(from: Channel<Line>, line: Line, all: Iterable<Channel<Line>>): void {
  for (const channel of all) {
    if (channel === from || !channel.open) continue;
    if (!channel.send(line)) channel.abort(new LeatError("RESOURCE_EXHAUSTED", "too slow"));
  }
}

async function server(): Promise<void> {
  await using listener = listen<Line>({
    ...options,
    async onOpen(channel) {
      for await (const line of channel) tell(channel, line, listener.channels);
    },
  });
  console.log(`chat listening on ${listener.address}`);
  await new Promise((stop) => process.once("SIGINT", stop).once("SIGTERM", stop));
}

async function client(): Promise<void> {
  await using channel = await connect<Line>(options);
  const typed = createInterface({ input: process.stdin });
  const listening = (async () => {
    for await (const line of channel) console.log(`${line.name}: ${line.text}`);
    typed.close(); // the server has ended the connection
  })();
  for await (const text of typed) {
    if (channel.open && !channel.send({ name, text })) await channel.drained();
  }
  channel.shutdown();
  await listening;
}

try {
  if (mode === "server" && port !== undefined) await server();
  else if (mode === "client" && port !== undefined) await client();
  else throw new LeatError("INVALID_ARGUMENT", "usage: chat.ts server PORT | client PORT [NAME]");
} catch (error) {
  console.error(error instanceof LeatError ? error.message : error);
  process.exitCode = 1;
}
