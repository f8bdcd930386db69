/** protobuf-es, with its own reader of delimited messages. 64-bit integers are BigInt there. */
import { type DescMessage, type MessageShape, fromBinary } from "@bufbuild/protobuf";
import {
  sizeDelimitedDecodeStream,
  sizeDelimitedEncode,
  sizeDelimitedPeek,
} from "@bufbuild/protobuf/wire";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { Contestant } from "./contestant.ts";
import { STREAM, type Subject } from "./subjects.ts";

type Frame = MessageShape<DescMessage>;

export function byProtobufEs({ body }: Subject, schema: DescMessage): Contestant {
  const frame = encodeFrame(STREAM, body);
  const message = fromBinary(schema, frame.subarray(sizeDelimitedPeek(frame).offset!));
  return {
    who: "protobuf-es",
    frame,
    encode: () => sizeDelimitedEncode(schema, message),
    async decode(chunks, hear) {
      for await (const made of sizeDelimitedDecodeStream(schema, each(chunks))) hear(made);
    },
    asProtobuf: (heard) =>
      Buffer.concat(heard.map((made) => sizeDelimitedEncode(schema, made as Frame))),
  };
}

/** It takes nothing that comes at once. */
async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}
