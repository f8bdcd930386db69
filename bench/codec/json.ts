/** JSON, a line for each frame; bytes are base64 in it. */
import { encodeFrame } from "../../src/wire/frame.ts";
import { type Contestant, JOINED, joined, readFrame, writeFrames } from "./contestant.ts";
import { STREAM, type Subject } from "./subjects.ts";

type Fields = Record<string, unknown>;

/** Where in a message bytes stand: the names on the way there. */
type Place = readonly string[];

/** Bytes that JSON.stringify writes as base64. */
class Base64 {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  toJSON(): string {
    return this.#bytes.toBase64();
  }
}

const text = new TextEncoder();
const bytes = new TextDecoder();

export function byJson({ body }: Subject): Contestant {
  const places: Place[] = [];
  const message = form(readFrame(encodeFrame(STREAM, body)), [], places);
  const encode = (): Uint8Array => text.encode(`${JSON.stringify(message)}\n`);
  return {
    who: "JSON",
    notes: { decode: JOINED },
    frame: encode(),
    encode,
    decode(chunks, hear) {
      const lines = bytes.decode(joined(chunks)).split("\n");
      for (let index = 0; index < lines.length - 1; index += 1) {
        const made = JSON.parse(lines[index]!) as Fields;
        for (const place of places) decodeAt(made, place);
        hear(made);
      }
    },
    asProtobuf: writeFrames,
  };
}

/** A message with its bytes wrapped. @param places gets where they are */
function form(value: unknown, at: Place, places: Place[]): unknown {
  if (value instanceof Uint8Array) {
    places.push(at);
    return new Base64(value);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => form(item, [...at, String(index)], places));
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value);
  return Object.fromEntries(
    fields.map(([name, field]) => [name, form(field, [...at, name], places)]),
  );
}

function decodeAt(message: Fields, place: Place): void {
  let holder = message;
  for (const name of place.slice(0, -1)) holder = holder[name] as Fields;
  const name = place.at(-1)!;
  holder[name] = Uint8Array.fromBase64(holder[name] as string);
}
