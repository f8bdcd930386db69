/** Plain protobufjs, static code: what leat checks its own encoder against. */
import { encodeFrame } from "../../src/wire/frame.ts";
import {
  type Contestant,
  JOINED,
  joined,
  readFrame,
  readFrames,
  writeFrame,
  writeFrames,
} from "./contestant.ts";
import { STREAM, type Subject } from "./subjects.ts";

export function byProtobufjs({ body }: Subject): Contestant {
  const frame = encodeFrame(STREAM, body);
  const message = readFrame(frame);
  return {
    who: "protobufjs",
    notes: { decode: JOINED },
    frame,
    encode: () => writeFrame(message),
    decode: (chunks, hear) => readFrames(joined(chunks), hear),
    asProtobuf: writeFrames,
  };
}
