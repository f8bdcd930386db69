/**
 * Writes one Data frame of a stream into a send buffer. Credit and frame limit count its payload, offset and
 * blocks count bytes of the file; this version sends them as they are, so that the two are equal.
 */
import { BLOCK_SIZE, PAYLOAD_GRAIN, SEND_ROOM } from "../limits.ts";
import { dataHeadLength, encodeFrame, MAX_DATA_HEAD, writeDataHead } from "../wire/frame.ts";
import type { BufferedPayload, Outgoing, OutgoingHole } from "./outgoing.ts";
import type { Stream } from "./stream.ts";
import { MAX_VARINT } from "../wire/varint.ts";

/** A payload is not cut below this for lack of room: the rest of the buffer is left empty. */
const LEAST_PAYLOAD = SEND_ROOM;

/** The longest frame with a hole, in bytes: prefix, stream, Hole, offset, length, CRC. */
const MAX_HOLE = 5 + (1 + 5) + (2 + 1) + 2 * (1 + MAX_VARINT) + 5;

export const NO_ROOM = -1;

const blockLeft = (offset: number): number => BLOCK_SIZE - (offset % BLOCK_SIZE);

/** What fits of a longer payload. */
const cut = (room: number): number => room - (room < PAYLOAD_GRAIN ? 0 : room % PAYLOAD_GRAIN);

/**
 * @param end first byte of the buffer that may not be written
 * @param frameLimit the largest frame the peer takes, in bytes
 * @param payloads gets an entry when the payload can be taken again
 * @param holes whether the peer takes holes in place of Data
 * @returns the position behind the frame, or behind its head if `stream.region` follows it; `at` when the stream has nothing to send now; NO_ROOM
 * @throws what `Outgoing.take` throws
 */
export function writeData(
  stream: Stream,
  into: Uint8Array,
  at: number,
  end: number,
  frameLimit: number,
  payloads: BufferedPayload[],
  holes = false,
): number {
  const { outgoing, sendOffset: offset } = stream;
  if (outgoing === undefined) return at;
  if (holes && offset % BLOCK_SIZE === 0 && outgoing.takeHole !== undefined) {
    if (end - at < MAX_HOLE) return NO_ROOM;
    const hole = outgoing.takeHole();
    if (hole !== undefined) return writeHole(stream, hole, into, at);
  }
  const wanted = Math.min(outgoing.available, stream.send.credit, blockLeft(offset));
  if (wanted === 0) return at;
  const room = Math.min(end - at, frameLimit) - MAX_DATA_HEAD;
  if (room < wanted && room < LEAST_PAYLOAD) return NO_ROOM;
  const length = room < wanted ? cut(room) : wanted;
  if (outgoing.make !== undefined) return writeMade(stream, outgoing, into, at, length);
  const closes = length === blockLeft(offset) || outgoing.ends(length);
  const start = at + dataHeadLength(stream.id, offset, length, closes);
  stream.region = outgoing.region?.(length);
  if (stream.region === undefined) outgoing.take(into, start, length);
  writeDataHead(into, at, stream.id, offset, length, closes ? outgoing.endBlock() : undefined);
  stream.onSent(length, length);
  if (stream.region !== undefined) return start;
  if (outgoing.retake !== undefined) payloads.push({ outgoing, start, length, position: offset });
  return start + length;
}

/** Zeros in place of Data: they need no credit. */
function writeHole(
  stream: Stream,
  { length, crc32 }: OutgoingHole,
  into: Uint8Array,
  at: number,
): number {
  const value = { offset: stream.sendOffset, length, crc32 };
  const frame = encodeFrame(stream.id, { case: "hole", value });
  into.set(frame, at);
  stream.onHoleSent(length);
  return at + frame.length;
}

/** Writes a frame whose length is known only when its payload is made. */
function writeMade(
  stream: Stream,
  outgoing: Outgoing,
  into: Uint8Array,
  at: number,
  most: number,
): number {
  const { id, sendOffset: offset } = stream;
  const made = at + dataHeadLength(id, offset, most, true);
  const length = outgoing.make!(into, made, most);
  if (length === 0) return at;
  // A shorter payload may have a shorter head.
  const start = at + dataHeadLength(id, offset, length, true);
  if (start < made) into.copyWithin(start, made, made + length);
  writeDataHead(into, at, id, offset, length, outgoing.endBlock());
  stream.onSent(length, length);
  return start + length;
}
