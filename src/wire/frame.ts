/**
 * Frames to bytes. The head of a Data frame is everything before its payload: payload ends Data and
 * Data ends Frame, so that a head is written without touching the payload, which is sent as a piece
 * of its own. All bytes are what protobufjs would write for the same values.
 */
import { LeatError } from "../errors.ts";
import type { FrameBody } from "./gen/messages.ts";
import { encodeMessage, type Init } from "./plain.ts";
import { MAX_VARINT, varintLength, writeVarint } from "./varint.ts";

export type FrameBodyInit = Init<FrameBody>;

/** Tags: the number of the field, shifted by three, and how its value is written. */
export const FRAME_STREAM = (1 << 3) | 0;
export const FRAME_DATA = (2 << 3) | 2;
export const DATA_OFFSET = (1 << 3) | 0;
export const DATA_CRC32 = (2 << 3) | 5;
export const DATA_PAYLOAD = (3 << 3) | 2;

/** The longest head of a Data frame in bytes: prefix, stream, Data, offset, CRC, payload. */
export const MAX_DATA_HEAD = 5 + (1 + 5) + (1 + 5) + (1 + MAX_VARINT) + 5 + (1 + 5);

/**
 * One whole frame behind its length; the bytes are the caller's.
 * @throws LeatError INTERNAL when a value does not fit its field
 */
export function encodeFrame(stream: number, body: FrameBodyInit): Uint8Array {
  return encodeMessage("Frame", { stream, body }, true);
}

/** How many bytes {@link writeDataHead} will write. */
export function dataHeadLength(
  stream: number,
  offset: number,
  payloadLength: number,
  hasCrc: boolean,
): number {
  const head = dataFieldsLength(offset, payloadLength, hasCrc);
  const data = head + payloadLength;
  const frameHead = (stream === 0 ? 0 : 1 + varintLength(stream)) + 1 + varintLength(data);
  return varintLength(frameHead + data) + frameHead + head;
}

/** Bytes of Data before the payload. */
function dataFieldsLength(offset: number, payloadLength: number, hasCrc: boolean): number {
  return (
    (offset === 0 ? 0 : 1 + varintLength(offset)) +
    (hasCrc ? 5 : 0) +
    (payloadLength === 0 ? 0 : 1 + varintLength(payloadLength))
  );
}

/**
 * Writes the length prefix and the head of a Data frame; `payloadLength` bytes must follow.
 * @param at where in `into`; {@link dataHeadLength} bytes of room are needed
 * @param offset position of the payload in the file, in bytes
 * @param crc32 undefined: the field is absent
 * @returns the position behind the head
 * @throws LeatError INTERNAL when a value does not fit its field, or the head does not fit `into`
 */
export function writeDataHead(
  into: Uint8Array,
  at: number,
  stream: number,
  offset: number,
  payloadLength: number,
  crc32: number | undefined,
): number {
  checkHead(stream, offset, payloadLength, crc32);
  const data = dataFieldsLength(offset, payloadLength, crc32 !== undefined) + payloadLength;
  const frame = (stream === 0 ? 0 : 1 + varintLength(stream)) + 1 + varintLength(data) + data;
  const needed = varintLength(frame) + frame - payloadLength;
  if (at + needed > into.length) {
    throw new LeatError(
      "INTERNAL",
      `a Data head of ${needed} bytes does not fit the ${into.length - at} at ${at}`,
    );
  }
  let position = writeVarint(into, at, frame);
  if (stream !== 0) position = writeField(into, position, FRAME_STREAM, stream);
  position = writeField(into, position, FRAME_DATA, data);
  if (offset !== 0) position = writeField(into, position, DATA_OFFSET, offset);
  if (crc32 !== undefined) {
    into[position] = DATA_CRC32;
    into[position + 1] = crc32;
    into[position + 2] = crc32 >>> 8;
    into[position + 3] = crc32 >>> 16;
    into[position + 4] = crc32 >>> 24;
    position += 5;
  }
  return payloadLength === 0 ? position : writeField(into, position, DATA_PAYLOAD, payloadLength);
}

function writeField(into: Uint8Array, at: number, tag: number, value: number): number {
  into[at] = tag;
  return writeVarint(into, at + 1, value);
}

function checkHead(stream: number, offset: number, length: number, crc32 = 0): void {
  if (isUint32(stream) && isUint32(length) && isUint32(crc32)) {
    if (Number.isSafeInteger(offset) && offset >= 0) return;
  }
  const values = `stream ${stream}, offset ${offset}, length ${length}, crc32 ${crc32}`;
  throw new LeatError("INTERNAL", `no Data frame has ${values}`);
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}
