/**
 * The parts of docs/protocol.md that come from the code: the table of a stream's life, and two whole
 * conversations, byte by byte, as a client and a server of this project had them in memory.
 *
 *   bun scripts/protocol-dumps.ts            prints them
 *   bun scripts/protocol-dumps.ts --write    puts them into docs/protocol.md
 *
 * A part stands in the document between `<!-- NAME: … -->` and `<!-- end of NAME -->`. Ids, times and
 * versions are fixed, so that the bytes are always the same: test/docs/protocol.test.ts compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { Connection } from "../src/connection/connection.ts";
import type { Driver } from "../src/connection/driver.ts";
import { createRuntime } from "../src/connection/runtime.ts";
import {
  DOWNLOAD_WINDOW,
  MAX_FRAME,
  MAX_STREAMS,
  SERVER_MAX_FRAME,
  UPLOAD_WINDOW,
} from "../src/limits.ts";
import { memoryPair } from "../src/net/memory.ts";
import type { Accept, TransportHandler } from "../src/net/transport.ts";
import { Host } from "../src/server/host/host.ts";
import { Peer } from "../src/server/loop/peer.ts";
import { UNBOUNDED } from "../src/session/flow.ts";
import { Session } from "../src/session/session.ts";
import { type Side, TRANSITIONS } from "../src/session/state.ts";
import type { Sink, Source, Store, StoreEntry } from "../src/store/store.ts";
import { OutgoingSource } from "../src/transfer/outgoing-source.ts";
import { DelimitedDecoder } from "../src/wire/delimited.ts";

const ROOT = join(import.meta.dir, "..");
export const DOCUMENT = join(ROOT, "docs/protocol.md");
const PROTO = join(ROOT, "proto/leat/v1/leat.proto");

// ---- what is fixed ----

const CONTENTS = new TextEncoder().encode("water finds the mill\n");
const UPLOAD_ID = Uint8Array.fromHex("101112131415161718191a1b1c1d1e1f");
const ENTRY: StoreEntry = {
  name: "mill.txt",
  kind: "FILE",
  size: CONTENTS.length,
  modified: { seconds: 1_700_000_000, nanoseconds: 0 },
  mode: 0o644,
  version: "AxsV8mB2c8PbXnwp7BrAwg",
};

function source(): Source {
  return {
    entry: ENTRY,
    synchronous: true,
    read(into, position) {
      const bytes = CONTENTS.subarray(position, position + into.length);
      into.set(bytes);
      return bytes.length;
    },
    currentVersion: () => ENTRY.version,
    [Symbol.dispose]() {},
  };
}

function sink(): Sink {
  const nothing = (): void => {};
  return {
    durableOffset: 0,
    write: nothing,
    commit: () => Promise.resolve(ENTRY),
    keep: nothing,
    discard: nothing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A library of one file, which takes an upload and keeps nothing. */
const STORE: Store = {
  readOnly: false,
  open: source,
  create: sink,
  stat: () => ENTRY,
  page: () => ({ entries: [ENTRY], cursor: undefined, skippedNames: 0 }),
  remove() {},
  makeDirectory: () => ENTRY,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

// ---- conversations ----

interface Said {
  readonly from: Side;
  readonly message: Uint8Array;
}

function session(role: Side): Session {
  return new Session({
    role,
    agent: "leat/1",
    maxFrame: role === "server" ? SERVER_MAX_FRAME : MAX_FRAME,
    maxStreams: MAX_STREAMS,
    initialWindow: DOWNLOAD_WINDOW,
    maxWindow: DOWNLOAD_WINDOW,
    budgets: UNBOUNDED,
  });
}

/** Lets a client ask for one thing. @returns every frame, in the order in which they arrived */
async function conversation(ask: (connection: Connection) => void): Promise<Said[]> {
  const said: Said[] = [];
  const runtime = createRuntime();
  // Time stands still, and no deadline is looked at: the bytes come out the same every time.
  const still = { ...runtime, clock: () => 1000, ticker: { add() {}, remove() {} } };
  const closed = Promise.withResolvers<void>();

  const serve: Accept = (transport) => {
    const connection = new Connection({ transport, session: session("server"), runtime: still });
    void new Peer(connection, UPLOAD_WINDOW, {
      host: new Host(STORE, { kernelCopy: "off" }, still),
      status: () => ({}),
      onClosed: () => {},
      onStarved: () => {},
    });
    return heard("client", connection, said);
  };
  const call: Accept = (transport) => {
    const connection = new Connection({ transport, session: session("client"), runtime: still });
    connection.driver = driver(connection, closed.resolve);
    connection.session.hello(0);
    ask(connection);
    connection.wake();
    return heard("server", connection, said);
  };

  memoryPair(serve, call);
  await closed.promise;
  return said;
}

/** Closes once the stream is over. */
function driver(connection: Connection, closed: () => void): Driver {
  return {
    onEvent() {},
    onStreamEnded: () => queueMicrotask(() => connection.close()),
    onClosed: closed,
  };
}

/** Passes on what arrives, and writes down the messages in it. */
function heard(from: Side, handler: TransportHandler, said: Said[]): TransportHandler {
  const decoder = new DelimitedDecoder({ maxLength: MAX_FRAME });
  return {
    onData(chunk) {
      decoder.push(chunk.slice());
      for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
        said.push({ from, message });
      }
      return handler.onData(chunk);
    },
    onDrain: () => handler.onDrain(),
    onEnd: () => handler.onEnd(),
    onClose: (error) => handler.onClose(error),
  };
}

const whatGetSays = (): Promise<Said[]> =>
  conversation((connection) => {
    connection.open({ operation: { case: "get", value: { path: ENTRY.name } } });
  });

const whatPutSays = (): Promise<Said[]> =>
  conversation((connection) => {
    const { name: path, size, modified } = ENTRY;
    const value = { path, uploadId: UPLOAD_ID, size, modified, ifExists: "FAIL" } as const;
    const stream = connection.open({ operation: { case: "put", value } });
    const outgoing = { source: source(), offset: 0, length: size, sha256: false, path };
    connection.attach(stream, new OutgoingSource(outgoing), 0);
  });

// ---- bytes with their meaning ----

const BYTES_A_LINE = 16;
const INDENT = "  ";

const Frame = (() => {
  const root = new protobuf.Root();
  return root.loadSync(PROTO, { keepCase: true }).resolveAll().lookupType("leat.v1.Frame");
})();

function dump(said: readonly Said[]): string {
  const paragraphs = said.map(({ from, message }) => {
    const reader = protobuf.Reader.create(message);
    const prefix = protobuf.Writer.create().uint32(message.length).finish();
    const to = from === "client" ? "server" : "client";
    return [
      `${from} -> ${to}`,
      ...lines(0, prefix, `length: ${count(message.length)} follow`),
      ...fieldLines(Frame, reader, message, message.length, 0),
    ].join("\n");
  });
  return ["```text", paragraphs.join("\n\n"), "```"].join("\n");
}

function fieldLines(
  type: protobuf.Type,
  reader: protobuf.Reader,
  bytes: Uint8Array,
  end: number,
  depth: number,
): string[] {
  const out: string[] = [];
  while (reader.pos < end) {
    const from = reader.pos;
    const field = type.fieldsById[reader.uint32() >>> 3]!;
    const name = `${field.id} ${field.name}`;
    if (field.resolvedType instanceof protobuf.Type) {
      const length = reader.uint32();
      out.push(...lines(depth, bytes.subarray(from, reader.pos), `${name}: ${count(length)}`));
      const inner = reader.pos + length;
      out.push(...fieldLines(field.resolvedType, reader, bytes, inner, depth + 1));
    } else {
      const value = valueText(field, reader);
      out.push(...lines(depth, bytes.subarray(from, reader.pos), `${name} = ${value}`));
    }
  }
  return out;
}

function valueText(field: protobuf.Field, reader: protobuf.Reader): string {
  if (field.resolvedType instanceof protobuf.Enum) {
    const value = reader.int32();
    return `${value}, ${field.resolvedType.valuesById[value]}`;
  }
  switch (field.type) {
    case "bytes":
      return bytesText(reader.bytes());
    case "string":
      return JSON.stringify(reader.string());
    case "fixed32":
      return `0x${reader.fixed32().toString(16).padStart(8, "0")}`;
    default:
      return String(field.type === "int64" ? reader.int64() : reader.uint64());
  }
}

function bytesText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return /^[\x20-\x7e\n]*$/.test(text) ? JSON.stringify(text) : count(bytes.length);
}

/** The bytes, as many lines as they take; their meaning beside the first. */
function lines(depth: number, bytes: Uint8Array, meaning: string): string[] {
  const width = (2 + 1) * BYTES_A_LINE + 5 * INDENT.length;
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const hex = bytes.subarray(at, at + BYTES_A_LINE).toHex();
    const row = INDENT.repeat(depth + 1) + hex.replaceAll(/../g, "$& ");
    out.push(at === 0 ? row.padEnd(width) + meaning : row.trimEnd());
  }
  return out;
}

const count = (bytes: number): string => (bytes === 1 ? "1 byte" : `${bytes} bytes`);

// ---- the life of a stream ----

function stateTable(): string {
  const rows = Object.entries(TRANSITIONS).map(([state, row]) => {
    const cells = (side: Side): string =>
      Object.entries(row)
        .map(([key, next]) => [...key.split(":"), next])
        .filter(([from]) => from === side)
        .map(([, frame, next]) => (next === state ? frame : `${frame} → **${next}**`))
        .join(", ");
    return `| **${state}** | ${cells("client")} | ${cells("server")} |`;
  });
  return [
    "| state | the client may send | the server may send |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
}

// ---- the document ----

/** The generated parts of the document, by name. */
export async function parts(): Promise<Record<string, string>> {
  return {
    states: stateTable(),
    get: dump(await whatGetSays()),
    put: dump(await whatPutSays()),
  };
}

/** Where a part stands: what is before it, itself, what is behind. */
export function find(document: string, name: string): [string, string, string] {
  const pattern = new RegExp(
    `^([^]*<!-- ${name}:[^>]*-->\\n)([^]*?)(\\n<!-- end of ${name} -->[^]*)$`,
  );
  const found = pattern.exec(document);
  if (found === null) throw new Error(`docs/protocol.md has no place for "${name}"`);
  return [found[1]!, found[2]!.trim(), found[3]!];
}

if (import.meta.main) {
  const made = await parts();
  if (process.argv.includes("--write")) {
    let document = readFileSync(DOCUMENT, "utf8");
    for (const [name, text] of Object.entries(made)) {
      const [before, , behind] = find(document, name);
      document = `${before}\n${text}\n${behind}`;
    }
    writeFileSync(DOCUMENT, document);
  } else {
    for (const [name, text] of Object.entries(made)) console.log(`${name}\n\n${text}\n`);
  }
  process.exit();
}
