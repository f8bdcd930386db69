/** The client in examples/python, which was written from docs/protocol.md, against a server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type Server } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { crc32 } from "../../src/hash.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { encodeFrame, type FrameBodyInit } from "../../src/wire/frame.ts";
import type { Receipt } from "../../src/wire/gen/messages.ts";
import { join } from "../support/chop.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Peer, ScriptedServer } from "../support/scripted-server.ts";
import { startServer } from "../support/served.ts";

const CLIENT = joinPath(import.meta.dir, "../../examples/python/leat_client.py");
const python = Bun.which("python3");
if (python === null) console.log("NOT RUN: the Python client, because there is no python3");

const library = new TemporaryFolder();
const here = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  // The client has no TLS.
  server = await startServer({ library: library.path, durability: "none", tls: undefined });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
  here[Symbol.dispose]();
});

const client = (...args: readonly string[]) => clientOf(server, ...args);

async function clientOf(of: { readonly address: string }, ...args: readonly string[]) {
  const run = Bun.spawn([python!, CLIENT, of.address, ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([run.stdout.text(), run.stderr.text()]);
  return { out, err, code: await run.exited };
}

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""));
const fine = (out: string) => ({ out, err: "", code: 0 });
const bytesOf = async (path: string): Promise<string> =>
  Bun.SHA256.hash(await Bun.file(path).bytes(), "hex");

test.skipIf(python === null).each([
  ["no byte", 0],
  ["one byte", 1],
  ["one block", MiB],
  ["five blocks and a byte", 5 * MiB + 1],
])("%s, there and back", async (_, size) => {
  const contents = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) contents[i] = (i * 2_654_435_761) >>> 24;
  const local = here.file(`local-${size}`, contents);
  const crc = crc32(contents).toString(16).padStart(8, "0");
  const put = await client("put", local, `file-${size}`);
  expect(put).toEqual(fine(`${size} bytes, crc32 ${crc}\n`));
  expect(await bytesOf(library.at(`file-${size}`))).toBe(await bytesOf(local));
  const copy = here.at(`copy-${size}`);
  expect(await client("get", `file-${size}`, copy)).toEqual(fine(`${size} bytes\n`));
  expect(await bytesOf(copy)).toBe(await bytesOf(local));
});

test.skipIf(python === null)("a folder of several pages is listed in order", async () => {
  library.folder("many/folder");
  const names = Array.from({ length: 3000 }, (_, i) => `${"n".repeat(200)}${10_000 + i}`);
  for (const name of names) library.file(`many/${name}`, "1");
  const listed = ["folder/", ...names.map((name) => `${name}\t1`)];
  expect(await client("list", "many")).toEqual(fine(`${listed.join("\n")}\n`));
});

test.skipIf(python === null)("a refusal is told in the server's words", async () => {
  const { out, err, code } = await client("get", "nothing", here.at("nothing"));
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(err).toBe('leat_client: failure 4: there is no "nothing"\n');
});

/** What a server sends, with fields around it that no version of the schema has. */
function odd(frame: Uint8Array): Uint8Array {
  const unknown = Uint8Array.fromHex(
    "c00c01c20c02ffffc50c00000000c10c0000000000000000c30c10011b1cc40c",
  );
  const body = frame.subarray(frame.findIndex((byte) => byte < 128) + 1);
  return delimit(join([unknown, body, unknown]));
}

/** A server that has one file. @param said changes what it sends */
function scripted(
  contents: Uint8Array,
  said: (frame: Uint8Array) => Uint8Array,
  receipt: Partial<Receipt> = {},
): ScriptedServer {
  const send = (peer: Peer, stream: number, body: FrameBodyInit): void =>
    peer.bytes(said(encodeFrame(stream, body)));
  const crc = crc32(contents);
  const entry = { name: "file", kind: "FILE", size: contents.length } as const;
  return new ScriptedServer({
    request(operation, stream, peer) {
      if (operation.case === "get") {
        const value = { entry, offset: 0, length: contents.length };
        send(peer, stream, { case: "response", value: { result: { case: "get", value } } });
        send(peer, stream, {
          case: "data",
          value: { offset: 0, crc32: crc, payload: contents },
        });
        send(peer, stream, { case: "finish", value: { size: contents.length, crc32: crc } });
      } else {
        send(peer, stream, { case: "response", value: { result: { case: "put", value: {} } } });
      }
    },
    said(told, peer) {
      if (!("body" in told) || told.body.case !== "finish") return;
      const value = { entry, crc32: crc, durability: "DURABILITY_NONE", ...receipt } as const;
      send(peer, told.stream, { case: "receipt", value });
    },
  });
}

const CONTENTS = new TextEncoder().encode("water finds the mill\n");
const CRC = crc32(CONTENTS).toString(16).padStart(8, "0");

test.skipIf(python === null)("fields that it does not know are skipped", async () => {
  using odder = scripted(CONTENTS, odd);
  const copy = here.at("odd");
  expect(await clientOf(odder, "get", "file", copy)).toEqual(fine("21 bytes\n"));
  expect(await Bun.file(copy).bytes()).toEqual(CONTENTS);
  const put = await clientOf(odder, "put", copy, "file");
  expect(put).toEqual(fine(`21 bytes, crc32 ${CRC}\n`));
});

test.skipIf(python === null)("a body that it does not know ends the stream", async () => {
  using newer = scripted(CONTENTS, (frame) =>
    delimit(join([frame.subarray(1, 3), hex("a2 01 00")])),
  );
  const { err, code } = await clientOf(newer, "get", "file", here.at("newer"));
  expect({ err, code }).toEqual({
    err: "leat_client: body 0 came where one of (5,) was expected\n",
    code: 1,
  });
});

test.skipIf(python === null).each<[what: string, receipt: Partial<Receipt>]>([
  ["another CRC", { crc32: 7 }],
  ["another size", { entry: { name: "file", kind: "FILE", size: 20 } as Receipt["entry"] }],
  ["another file, which was there", { skipped: true }],
])("a receipt of %s is none", async (_what, receipt) => {
  using liar = scripted(CONTENTS, (frame) => frame, receipt);
  const { out, err, code } = await clientOf(liar, "put", here.file("honest", CONTENTS), "file");
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(err).toStartWith("leat_client: the receipt is not of what was sent: ");
});

/** Only the frame with the contents is as long. */
const isData = (frame: Uint8Array): boolean => frame.length > CONTENTS.length + 8;

test.skipIf(python === null).each<[what: string, bad: (frame: Uint8Array) => Uint8Array]>([
  [
    "is damaged",
    (frame) => frame.map((byte, at) => (isData(frame) && at === frame.length - 1 ? 0 : byte)),
  ],
  ["is not whole", (frame) => (isData(frame) ? new Uint8Array(0) : frame)],
])("a download that %s, or has no file, leaves nothing", async (_what, said) => {
  using bad = scripted(CONTENTS, said);
  const folder = new TemporaryFolder();
  for (const address of [bad, server]) {
    const { code, err } = await clientOf(address, "get", "nope", folder.at("x"));
    expect(code).toBe(1);
    expect(err).toStartWith("leat_client: ");
    expect(readdirSync(folder.path)).toEqual([]);
    bad[Symbol.dispose]();
  }
  folder[Symbol.dispose]();
});
