/** One body in the hands of one codec. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Reader, Writer } from "protobufjs/minimal.js";
import { writeStaticCodec } from "../../scripts/static-codec.ts";

export interface Contestant {
  readonly who: string;
  /** What a reader must know of its encoding, and of its decoding. */
  readonly notes?: { readonly encode?: string; readonly decode?: string };
  /** The frame as this codec sends it. */
  readonly frame: Uint8Array;
  /** Makes it once more. */
  encode(): unknown;
  /** @param hear called with each message that this codec decodes */
  decode(chunks: readonly Uint8Array[], hear: (made: unknown) => void): void | Promise<void>;
  /** The decoded messages, in the bytes that protobufjs writes for them, so that codecs can be compared. */
  asProtobuf(heard: readonly unknown[]): Uint8Array;
}

interface StaticType {
  encode(message: object, writer: Writer): Writer;
  decode(bytes: Uint8Array | Reader, length?: number): object;
}

/** protobufjs' static code for Frame, made when the bench starts: leat itself uses half of it. */
async function staticFrame(): Promise<StaticType> {
  const folder = join(import.meta.dir, "../../dist/bench");
  const path = join(folder, `protobufjs-${process.pid}.js`);
  mkdirSync(folder, { recursive: true });
  await writeStaticCodec(path);
  const { leat } = (await import(path)) as { leat: { v1: { Frame: StaticType } } };
  rmSync(path);
  return leat.v1.Frame;
}

const Frame = await staticFrame();

/** As protobufjs' own encodeDelimited does, which is not generated. */
export function writeFrame(message: object): Uint8Array {
  return Frame.encode(message, Writer.create().fork()).ldelim().finish();
}

export function writeFrames(messages: readonly unknown[]): Uint8Array {
  return Buffer.concat(messages.map((message) => writeFrame(message as object)));
}

/** Every frame of some bytes, as protobufjs makes them. */
export function readFrames(bytes: Uint8Array, hear: (message: object) => void): void {
  const reader = Reader.create(bytes);
  while (reader.pos < reader.len) hear(Frame.decode(reader, reader.uint32()));
}

/** The first of them. */
export function readFrame(bytes: Uint8Array): object {
  const messages: object[] = [];
  readFrames(bytes, (message) => messages.push(message));
  return messages[0]!;
}

/** For codecs that read no streams. */
export const JOINED = "reads no streams: pieces are joined first";

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
