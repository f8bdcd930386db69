/**
 * A chat over `leat/codec` alone: another schema, the same framing, backpressure and clean ends.
 *
 *   bun examples/chat/chat.ts server --port 4000
 *   bun examples/chat/chat.ts client --name ann --port 4000     lines of stdin are said; Ctrl-D leaves
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { connect, listen, LeatError, type Channel } from "leat/codec";
import protobuf from "protobufjs";

interface Line {
  name: string;
  text: string;
}

const schema = 'syntax = "proto3"; message Line { string name = 1; string text = 2; }';
const type = protobuf.parse(schema).root.lookupType("Line");
const codec = {
  encode: (line: Line) => type.encode(line),
  decode: (bytes: Uint8Array) => type.toObject(type.decode(bytes), { defaults: true }) as Line,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    name: { type: "string", default: "someone" },
  },
});
const port = Number(values.port);
const mode = positionals[0];
if (!Number.isInteger(port) || (mode !== "server" && mode !== "client")) {
  console.error("usage: chat.ts server|client [--name NAME] [--host HOST] --port PORT");
  process.exit(2);
}
const options = { hostname: values.host, port, codec, maxLength: 4096 };

/** Tells all others. Who does not read fast enough is dropped: one slow reader stops nobody. */
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
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.resolve());
  await stop.promise;
}

async function client(): Promise<void> {
  await using channel = await connect<Line>(options);
  const typed = createInterface({ input: process.stdin });
  const listening = (async () => {
    for await (const line of channel) console.log(`${line.name}: ${line.text}`);
    typed.close(); // The server left: nobody is there to talk to.
  })();
  for await (const text of typed) {
    if (channel.open && !channel.send({ name: values.name, text })) await channel.drained();
  }
  channel.shutdown();
  await listening;
}

try {
  await (mode === "server" ? server() : client());
} catch (error) {
  if (!(error instanceof LeatError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
