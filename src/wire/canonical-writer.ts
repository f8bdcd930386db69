/**
 * Writes protobuf as every encoder of it does: fields in ascending order, shortest varints, byte for
 * byte what protobufjs writes. Values are checked, because one that does not fit its field would be
 * written as something else.
 */
import { LeatError } from "../errors.ts";
import type { Messages } from "./gen/messages.ts";
import { MAX_VARINT, varintLength, writeVarint } from "./varint.ts";
import { withRoom } from "./room.ts";

/** Kept between messages when it is no longer than this, in bytes. */
const KEPT = 64 * 1024;
/** A tag, and a varint of ten bytes: what a negative number takes. */
const FIELD = 2 + 10;
/** Of text up to this length the bytes are counted from its characters. */
const SHORT = 64;

const encoder = new TextEncoder();

/** Stands for a message whose bytes are known already. */
export class EncodedMessage {
  readonly encoded: Uint8Array;

  constructor(encoded: Uint8Array) {
    this.encoded = encoded;
  }
}

/**
 * One writer serves one message after another: `begin`, write, `finish`.
 * @throws LeatError INTERNAL, from every method, when a value does not fit its field
 */
export class CanonicalWriter {
  #bytes = new Uint8Array(1024);
  #at = 0;

  begin(): void {
    this.#at = 0;
    if (this.#bytes.length > KEPT) this.#bytes = new Uint8Array(KEPT);
  }

  /** Bytes that were written. */
  get length(): number {
    return this.#at;
  }

  /** A copy of what was written, behind its length if that is asked for; the bytes are the caller's. */
  finish(delimited: boolean): Uint8Array {
    const length = this.#at;
    const head = delimited ? varintLength(length) : 0;
    const message = new Uint8Array(head + length);
    if (delimited) writeVarint(message, 0, length);
    // A view costs more than a loop over a few bytes.
    if (length > SHORT) message.set(this.#bytes.subarray(0, length), head);
    else for (let at = 0; at < length; at += 1) message[head + at] = this.#bytes[at]!;
    return message;
  }

  uint32(tag: number, value: unknown, field: string): void {
    if (!isUint32(value)) return refuse(field, "uint32", value);
    this.#tag(tag);
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  uint64(tag: number, value: unknown, field: string): void {
    if (!isSafe(value) || value < 0) return refuse(field, "uint64", value);
    this.#tag(tag);
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  int64(tag: number, value: unknown, field: string): void {
    if (!isSafe(value)) return refuse(field, "int64", value);
    this.#tag(tag);
    if (value >= 0) this.#at = writeVarint(this.#bytes, this.#at, value);
    else this.#negative(value);
  }

  fixed32(tag: number, value: unknown, field: string): void {
    if (!isUint32(value)) return refuse(field, "fixed32", value);
    this.#tag(tag);
    const bytes = this.#bytes;
    bytes[this.#at] = value;
    bytes[this.#at + 1] = value >>> 8;
    bytes[this.#at + 2] = value >>> 16;
    bytes[this.#at + 3] = value >>> 24;
    this.#at += 4;
  }

  bool(tag: number, value: unknown, field: string): void {
    if (typeof value !== "boolean") return refuse(field, "bool", value);
    this.#tag(tag);
    this.#bytes[this.#at++] = value ? 1 : 0;
  }

  /** @param numbers of the names of the enum, which is called `takes` */
  enumeration(
    tag: number,
    numbers: ReadonlyMap<string, number>,
    takes: string,
    value: unknown,
    field: string,
  ): void {
    const number = numbers.get(value as string);
    if (number === undefined) return refuse(field, takes, value);
    this.#tag(tag);
    this.#at = writeVarint(this.#bytes, this.#at, number);
  }

  string(tag: number, value: unknown, field: string): void {
    if (typeof value !== "string") return refuse(field, "string", value);
    if (value.length <= SHORT && this.#ascii(tag, value)) return;
    if (!value.isWellFormed()) return refuse(field, "string", value);
    this.#delimited(tag, encoder.encode(value));
  }

  /** A string, as the UTF-8 that is bytes[start, end). */
  text(tag: number, bytes: Uint8Array, start: number, end: number): void {
    this.#tag(tag);
    this.#reserve(MAX_VARINT + end - start);
    this.#at = writeVarint(this.#bytes, this.#at, end - start);
    for (let at = start; at < end; at += 1) this.#bytes[this.#at++] = bytes[at]!;
  }

  bytes(tag: number, value: unknown, field: string): void {
    if (!(value instanceof Uint8Array)) return refuse(field, "bytes", value);
    this.#delimited(tag, value);
  }

  /** @param takes the name of the message */
  message<Message>(
    tag: number,
    write: (writer: CanonicalWriter, message: Message) => void,
    takes: keyof Messages,
    value: Message,
    field: string,
  ): void {
    if (typeof value !== "object" || value === null) return refuse(field, takes, value);
    if (value instanceof EncodedMessage) return this.#delimited(tag, value.encoded);
    this.#tag(tag);
    const before = this.#at;
    this.#at += 1;
    write(this, value);
    this.#close(before);
  }

  /** The items of a repeated field, whose type is called `takes`. */
  items<Item>(items: readonly Item[], takes: string, field: string): readonly Item[] {
    return Array.isArray(items) ? items : refuse(field, takes, items);
  }

  /** Puts the length of a message in front of it: one byte is kept free for it. */
  #close(before: number): void {
    const length = this.#at - before - 1;
    const more = varintLength(length) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(before + 1 + more, before + 1, this.#at);
      this.#at += more;
    }
    writeVarint(this.#bytes, before, length);
  }

  /** @returns false, and nothing is written, when one of the characters takes more than a byte */
  #ascii(tag: number, value: string): boolean {
    const before = this.#at;
    this.#tag(tag);
    this.#reserve(1 + SHORT);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = value.length;
    for (let index = 0; index < value.length; index += 1) {
      const character = value.charCodeAt(index);
      if (character > 127) {
        this.#at = before;
        return false;
      }
      bytes[at++] = character;
    }
    this.#at = at;
    return true;
  }

  #delimited(tag: number, value: Uint8Array): void {
    this.#tag(tag);
    this.#reserve(MAX_VARINT + value.length);
    this.#at = writeVarint(this.#bytes, this.#at, value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** The two's complement of 64 bits: nine times seven of them, inverted, and the sign. */
  #negative(value: number): void {
    let inverted = -value - 1;
    for (let count = 0; count < 9; count += 1) {
      this.#bytes[this.#at++] = 255 - (inverted % 128);
      inverted = Math.floor(inverted / 128);
    }
    this.#bytes[this.#at++] = 1;
  }

  /** Writes a tag; there is room for a number behind it. */
  #tag(tag: number): void {
    if (this.#at + FIELD > this.#bytes.length) this.#reserve(FIELD);
    if (tag < 128) this.#bytes[this.#at++] = tag;
    else this.#at = writeVarint(this.#bytes, this.#at, tag);
  }

  #reserve(room: number): void {
    this.#bytes = withRoom(this.#bytes, this.#at, room);
  }
}

function isUint32(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 0xffff_ffff && value % 1 === 0;
}

function isSafe(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** @throws LeatError INTERNAL always: `field` takes something else than `value` */
export function refuse(field: string, takes: string, value: unknown): never {
  const shown = typeof value === "object" ? Object.prototype.toString.call(value) : String(value);
  throw new LeatError("INTERNAL", `${field} takes ${takes}, not ${shown.slice(0, 80)}`);
}

/** @throws LeatError INTERNAL always: the oneof has no such case */
export function noCase(oneof: string, chosen: { readonly case?: unknown }): never {
  throw new LeatError("INTERNAL", `${oneof} has no case ${String(chosen.case)}`);
}
