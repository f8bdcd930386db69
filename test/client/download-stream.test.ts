/** What a download holds before it has a receiver: bytes, not an object for each piece. */
import { expect, test } from "bun:test";
import { parseAddress } from "../../src/client/connection/address.ts";
import type { Address } from "../../src/net/transport.ts";
import { Link } from "../../src/client/connection/link.ts";
import { DownloadStream } from "../../src/client/download/download-stream.ts";
import { VerifiedBlocks } from "../../src/client/download/verified-blocks.ts";
import { processRuntime } from "../../src/connection/runtime.ts";
import { connectBun } from "../../src/net/bun.ts";
import { join, seededRandom } from "../support/chop.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const SIZE = 20_000;
const BYTES = seededRandom(9).bytes(SIZE);

/** A server that sends single bytes. @param count of them @param crcOf the CRC that comes with one */
function server(count: number, crcOf: (index: number) => number | undefined): ScriptedServer {
  return new ScriptedServer({
    request: (_get, stream, peer) => {
      const entry = { name: "f", kind: "FILE", size: SIZE, version: "v" } as const;
      peer.answer(stream, { case: "get", value: { entry, offset: 0, length: SIZE } });
      for (let i = 0; i < count; i++) peer.data(stream, i, BYTES.subarray(i, i + 1), crcOf(i));
      if (count === SIZE) peer.frame(stream, { case: "finish", value: { size: SIZE } });
    },
  });
}

/** Opens a stream, and waits until some bytes have come on it. */
async function open(address: string, bytes: number): Promise<DownloadStream & AsyncDisposable> {
  const opened = Promise.withResolvers<Link>();
  const accept = (transport: ConstructorParameters<typeof Link>[0]) => {
    const link = new Link(transport, processRuntime());
    opened.resolve(link);
    return link.connection;
  };
  await connectBun(parseAddress(address) as Address, accept, {
    signal: AbortSignal.timeout(10_000),
  });
  const link = await opened.promise;
  let arrived = 0;
  const onProgress = (sum: number): void => void (arrived = sum);
  const stream = await DownloadStream.open(link, { path: "f" }, { onProgress });
  await until(
    () => arrived >= bytes,
    () => arrived,
  );
  const close = async (): Promise<void> => link.connection.close();
  return Object.assign(stream, { [Symbol.asyncDispose]: close });
}

test("single bytes are joined until there is a receiver, and Finish comes behind them", async () => {
  using scripted = server(SIZE, (index) => (index === SIZE - 1 ? 7 : undefined));
  await using stream = await open(scripted.address, SIZE);
  const pieces: Uint8Array[] = [];
  const others: unknown[] = [];
  stream.deliverTo({
    data: (piece, crc32) => void (pieces.push(piece), crc32 !== undefined && others.push(crc32)),
    hole: () => void others.push("hole"),
    finish: () => void others.push("finish"),
    failed: (error) => void others.push(error),
  });
  await until(() => others.length === 2);
  expect(others).toEqual([7, "finish"]);
  expect(pieces.length).toBeLessThan(20);
  expect(Buffer.compare(join(pieces), BYTES)).toBe(0);
});

test("a CRC for each byte is an error, and the stream is cancelled: they are not kept", async () => {
  using scripted = server(3, (index) => index);
  await using stream = await open(scripted.address, 2);
  const codes: string[] = [];
  stream.deliverTo({
    data() {},
    hole() {},
    finish() {},
    failed: ({ code }) => void codes.push(code),
  });
  const cancels = (): number =>
    scripted.heard.filter((said) => "body" in said && said.body.case === "cancel").length;
  await until(() => cancels() === 1, cancels);
  expect(codes).toEqual(["PROTOCOL_ERROR"]);
});

test("blocks that wait for their checksum, or for a reader, are joined as well", async () => {
  using scripted = server(0, () => undefined);
  await using stream = await open(scripted.address, 0);
  const blocks = new VerifiedBlocks();
  for (let at = 0; at < SIZE; at += 1) blocks.push({ bytes: BYTES.subarray(at, at + 1), stream });
  blocks.end();
  const pieces: Uint8Array[] = [];
  for await (const piece of blocks) pieces.push(piece.bytes);
  expect(pieces.length).toBeLessThan(20);
  expect(Buffer.compare(join(pieces), BYTES)).toBe(0);
});
