/**
 * Messages to bytes and back, in the plain shapes of gen/messages.ts: defaults are filled in, absent
 * optional fields are left out, a oneof is `{case, value}`, an enum is its name, a 64-bit integer is
 * a number.
 *
 * The form that every encoder writes is read and written by generated code (gen/canonical.ts); any
 * other is left to protobufjs (any-form.ts).
 */
import { CanonicalReader, NOT_CANONICAL } from "./canonical-reader.ts";
import { CanonicalWriter } from "./canonical-writer.ts";
import { canonical } from "./gen/canonical.ts";
import type { Messages } from "./gen/messages.ts";
import type * as AnyForm from "./any-form.ts";

/** A message to be encoded: any field may be left out, at any depth, but for parts of a oneof. */
export type Init<T> = T extends string | number | boolean | Uint8Array | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Init<Item>[]
    : T extends { readonly case: infer Case; readonly value: infer Value }
      ? { readonly case: Case; readonly value: Init<Value> }
      : { readonly [Key in keyof T]?: Init<T[Key]> | undefined };

type Name = keyof Messages;
/** Bytes of messages that were decoded the slow way so far: a peer that sends them makes others wait. */
export let slowBytes = 0;

const reader = new CanonicalReader();
const writer = new CanonicalWriter();

/** The least that one counts as, in bytes. */
const SLOW_START = 64;

/**
 * Decodes one message, `bytes[from, to)`.
 * Bytes in it are views of `bytes` where they are most of its buffer, and copies otherwise: a short
 * id must not keep a long chunk alive.
 * @throws LeatError PROTOCOL_ERROR when it is not a valid message of that name
 */
export function decodeMessage<K extends Name>(
  name: K,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): Messages[K] {
  reader.begin(bytes, from, to);
  try {
    return canonical[name].read(reader);
  } catch (error) {
    if (error !== NOT_CANONICAL) throw error;
    slowBytes += SLOW_START + to - from;
    return anyForm().decodeAnyForm(name, bytes.subarray(from, to));
  } finally {
    reader.finish();
  }
}

/**
 * Encodes one message; the bytes are the caller's.
 * @param delimited whether its length stands in front, as a varint
 * @throws LeatError INTERNAL when a value does not fit its field
 */
export function encodeMessage<K extends Name>(
  name: K,
  message: Init<Messages[K]>,
  delimited = false,
): Uint8Array {
  writer.begin();
  canonical[name].write(writer, message);
  return writer.finish(delimited);
}

/** Loaded by the first message that needs it: that takes 15 ms, and most processes never do. */
function anyForm(): typeof AnyForm {
  return require("./any-form.ts") as typeof AnyForm;
}
