/** One body in the hands of one codec. */
import { Reader, Writer } from "protobufjs/minimal.js";
import { leat } from "../../src/wire/gen/leat.js";

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

const { Frame } = leat.v1;

/** As protobufjs' own encodeDelimited does, which leat's generated code leaves out. */
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
