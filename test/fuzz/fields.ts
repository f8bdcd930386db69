/** A protobuf message as a tree of its fields, which can be written in any form: legal, unusual or wrong. */
import type protobuf from "protobufjs";
import { join } from "../support/chop.ts";

/** Wire types: a varint, 8 bytes, bytes with their length, a group (its tags only), 4 bytes. */
export type Wire = 0 | 1 | 2 | 3 | 4 | 5;

export interface Field {
  number: number;
  wire: Wire;
  /** Wire type 0. */
  value: bigint;
  /** Of other types: what stands behind the tag and the length. */
  bytes: Uint8Array;
  /** In place of `bytes`: it is a message of this type. */
  message: { readonly type: protobuf.Type; fields: Field[] } | undefined;
  /** Bytes by which its varints (the tag excepted) are longer than they must be. */
  padding: number;
  /** How much more than the truth its length says. */
  lie: number;
}

const NOTHING = new Uint8Array(0);

export function fieldOf(number: number, wire: Wire, parts: Partial<Field> = {}): Field {
  const rest = { value: 0n, bytes: NOTHING, message: undefined, padding: 0, lie: 0 };
  return { number, wire, ...rest, ...parts };
}

/** @returns the fields of a valid message; undefined where it is none */
export function parseFields(type: protobuf.Type, bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    if (tag === undefined || tag < 8n || tag > 0xffff_ffffn) return undefined;
    const field = readField(cursor, type, Number(tag >> 3n), Number(tag & 7n));
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return fields;
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function readVarint(cursor: Cursor): bigint | undefined {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) return undefined;
    cursor.at += 1;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return value;
  }
  return undefined;
}

function readField(
  cursor: Cursor,
  type: protobuf.Type,
  number: number,
  wire: number,
): Field | undefined {
  if (wire === 0) {
    const value = readVarint(cursor);
    return value === undefined ? undefined : fieldOf(number, 0, { value });
  }
  if (wire === 3 || wire === 4) return fieldOf(number, wire);
  const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? readVarint(cursor) : undefined;
  if (length === undefined || cursor.at + Number(length) > cursor.bytes.length) return undefined;
  const bytes = cursor.bytes.subarray(cursor.at, (cursor.at += Number(length)));
  const inner = wire === 2 ? type.fieldsById[number]?.resolvedType : undefined;
  const nested = inner && "fieldsById" in inner ? inner : undefined;
  const fields = nested && parseFields(nested, bytes);
  const message = fields && { type: nested!, fields };
  return fieldOf(number, wire as Wire, { bytes, message });
}

export function copyFields(fields: readonly Field[]): Field[] {
  return fields.map((field) => {
    const { message } = field;
    return {
      ...field,
      message: message && { type: message.type, fields: copyFields(message.fields) },
    };
  });
}

export function writeFields(fields: readonly Field[]): Uint8Array {
  return join(fields.flatMap(writeField));
}

function writeField(field: Field): Uint8Array[] {
  const { number, wire, value, message, padding, lie } = field;
  const tag = varint((BigInt(number) << 3n) | BigInt(wire));
  if (wire === 0) return [tag, varint(value, padding)];
  if (wire === 3 || wire === 4) return [tag];
  const bytes = message === undefined ? field.bytes : writeFields(message.fields);
  if (wire === 2) return [tag, varint(BigInt(Math.max(0, bytes.length + lie)), padding), bytes];
  const fixed = new Uint8Array(wire === 1 ? 8 : 4);
  fixed.set(bytes.subarray(0, fixed.length));
  return [tag, fixed];
}

/** A varint in `padding` bytes more than it needs. */
export function varint(value: bigint, padding = 0): Uint8Array {
  if (value < 128n && padding === 0) return Uint8Array.of(Number(value));
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  for (let count = 0; count < padding; count += 1) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(0);
  }
  return Uint8Array.from(bytes);
}
