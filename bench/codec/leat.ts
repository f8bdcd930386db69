/** leat's own encoder and decoder. */
import { MAX_FRAME } from "../../src/limits.ts";
import { FrameDecoder, type DataBegun, type FrameEvent } from "../../src/wire/decoder.ts";
import { dataHeadLength, encodeFrame, writeDataHead } from "../../src/wire/frame.ts";
import { type Contestant, joined, writeFrame } from "./contestant.ts";
import { STREAM, type Subject } from "./subjects.ts";

export function byLeat({ body }: Subject): Contestant {
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  const encoding =
    body.case === "data" ? headOf(body.value) : { encode: () => encodeFrame(STREAM, body) };
  return {
    who: "leat",
    frame: encodeFrame(STREAM, body),
    ...encoding,
    decode(chunks, hear) {
      for (const chunk of chunks) {
        decoder.push(chunk);
        for (let event = decoder.next(); event !== undefined; event = decoder.next()) hear(event);
      }
    },
    asProtobuf: (heard) => Buffer.concat([...frames(heard as readonly FrameEvent[])]),
  };
}

type Data = Extract<Subject["body"], { case: "data" }>["value"];

function headOf({ offset = 0, crc32, payload }: Data): Pick<Contestant, "encode" | "notes"> {
  const { length } = payload!;
  const head = new Uint8Array(dataHeadLength(STREAM, offset, length, crc32 !== undefined));
  return {
    notes: { encode: "the head alone: the payload stays where it is" },
    encode: () => writeDataHead(head, 0, STREAM, offset, length, crc32),
  };
}

/** Data comes as a head and the pieces of its payload. */
function* frames(events: readonly FrameEvent[]): Generator<Uint8Array> {
  let begun: DataBegun | undefined;
  let pieces: Uint8Array[] = [];
  for (const event of events) {
    if (event.type === "frame") yield encodeFrame(event.stream, event.body!);
    else if (event.type === "data") begun = event;
    else {
      pieces.push(event.bytes);
      if (event.remaining > 0) continue;
      const { stream, offset, crc32 } = begun!;
      yield writeFrame({ stream, data: { offset, crc32, payload: joined(pieces) } });
      pieces = [];
    }
  }
}
