/**
 * Between protobufjs' objects and the plain shapes of gen/messages.ts, by walking the field table.
 *
 * Out of protobufjs: defaults are filled in, absent optional fields are left out, a oneof is
 * `{case, value}`, an enum is its name, a 64-bit integer is a number. Into protobufjs: every value
 * is checked first, because protobufjs encodes what it does not understand as zero or as garbage.
 */
import { LeatError } from "../errors.ts";
import { leat } from "./gen/leat.js";
import { ENUMS, FIELDS, type FieldFact, type Messages } from "./gen/messages.ts";

/** What may be left out when a message is made: everything, at any depth. A oneof is whole. */
export type Init<T> = T extends string | number | boolean | Uint8Array | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Init<Item>[]
    : T extends { readonly case: infer Case; readonly value: infer Value }
      ? { readonly case: Case; readonly value: Init<Value> }
      : { readonly [Key in keyof T]?: Init<T[Key]> | undefined };

type Name = keyof Messages;
type Fields = Record<string, unknown>;

const EMPTY = new Uint8Array(0);

/** The name of each number of each enum. */
const ENUM_NAMES = new Map(
  Object.entries(ENUMS).map(([type, values]) => [
    type,
    new Map(Object.entries(values).map(([name, value]) => [value, name])),
  ]),
);

/**
 * Decodes one message.
 * Bytes in it are views of `bytes` where they are most of its buffer, and copies otherwise: a short
 * id must not keep a long chunk alive.
 * @throws LeatError PROTOCOL_ERROR when it is not a valid message of that name
 */
export function decodeMessage<K extends Name>(name: K, bytes: Uint8Array): Messages[K] {
  return toPlain(name, decodeRaw(name, bytes)) as unknown as Messages[K];
}

/** Encodes one message; the bytes are the caller's. @throws LeatError INTERNAL on a wrong value */
export function encodeMessage<K extends Name>(name: K, message: Init<Messages[K]>): Uint8Array {
  const writer = writeMessage(name, message);
  return writer.finishInto(new Uint8Array(writer.pos));
}

/** As {@link encodeMessage}, but leaves it to the caller where the bytes go. */
export function writeMessage<K extends Name>(name: K, message: Init<Messages[K]>) {
  return leat.v1[name].encode(toRaw(name, message as Fields));
}

function decodeRaw(name: Name, bytes: Uint8Array): Fields {
  try {
    return leat.v1[name].decode(bytes) as Fields;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = `${bytes.length} bytes are not a valid ${name}`;
    throw new LeatError("PROTOCOL_ERROR", `${what}: ${reason}`, { cause });
  }
}

// ---- out of protobufjs ----

function toPlain(name: Name, raw: Fields): Fields {
  const plain: Fields = {};
  for (const field of FIELDS[name]) {
    // Defaults stand on the prototype; null is protobufjs' default of a field that is absent.
    const value = raw[field.name];
    if (field.oneof !== undefined) {
      if (value !== null && Object.hasOwn(raw, field.name)) {
        plain[field.oneof] = { case: field.name, value: plainValue(name, field, value) };
      }
    } else if (field.repeated === true) {
      const items = value as readonly unknown[];
      plain[field.name] = items.map((item) => plainValue(name, field, item));
    } else if (field.optional !== true || value !== null) {
      plain[field.name] = plainValue(name, field, value);
    }
  }
  return plain;
}

function plainValue(name: Name, field: FieldFact, value: unknown): unknown {
  switch (field.type) {
    case "uint64":
    case "int64":
      return plainNumber(name, field, value as number | Bits);
    case "enum":
      return enumName(field.of!, value as number);
    case "message":
      return toPlain(field.of as Name, value as Fields);
    case "bytes":
      return plainBytes(value as Uint8Array);
    default:
      return value;
  }
}

/** A Long, as far as it is used here: `high` is signed, and `low` as well. */
interface Bits {
  readonly high: number;
  readonly low: number;
}

/** 2^53 in units of 2^32. */
const HIGH_BOUND = 0x20_0000;

function plainNumber(name: Name, field: FieldFact, value: number | Bits): number {
  if (typeof value === "number") return value;
  const high = field.type === "int64" ? value.high : value.high >>> 0;
  const number = high * 0x1_0000_0000 + (value.low >>> 0);
  if (high < -HIGH_BOUND || high >= HIGH_BOUND || !Number.isSafeInteger(number)) {
    const bound = Number.MAX_SAFE_INTEGER;
    throw new LeatError(
      "PROTOCOL_ERROR",
      `${name}.${field.name} is about ${number.toPrecision(4)}, beyond the bound of ${bound}`,
    );
  }
  return number;
}

/** A number that this version does not know has the name of zero. */
function enumName(type: string, value: number): string {
  const names = ENUM_NAMES.get(type)!;
  return names.get(value) ?? names.get(0)!;
}

function plainBytes(view: Uint8Array): Uint8Array {
  if (view.length === 0) return EMPTY;
  return 2 * view.length < view.buffer.byteLength ? new Uint8Array(view) : view;
}

// ---- into protobufjs ----

function toRaw(name: Name, plain: Fields): Fields {
  const raw: Fields = {};
  for (const field of FIELDS[name]) {
    const value = field.oneof === undefined ? plain[field.name] : oneofValue(plain, field);
    if (value === undefined) continue;
    raw[field.name] =
      field.repeated === true
        ? rawItems(name, field, value).map((item) => rawValue(name, field, item))
        : rawValue(name, field, value);
  }
  return raw;
}

function oneofValue(plain: Fields, field: FieldFact): unknown {
  const oneof = plain[field.oneof!] as { case: string; value: unknown } | undefined;
  return oneof?.case === field.name ? oneof.value : undefined;
}

function rawItems(name: Name, field: FieldFact, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw misuse(name, field, value);
  return value;
}

function rawValue(name: Name, field: FieldFact, value: unknown): unknown {
  if (field.type === "message") {
    if (typeof value !== "object" || value === null) throw misuse(name, field, value);
    return toRaw(field.of as Name, value as Fields);
  }
  if (field.type === "enum") {
    const values = ENUMS[field.of!]!;
    if (typeof value !== "string" || !Object.hasOwn(values, value))
      throw misuse(name, field, value);
    return values[value];
  }
  if (!isScalar(field.type, value)) throw misuse(name, field, value);
  return value;
}

function isScalar(type: FieldFact["type"], value: unknown): boolean {
  switch (type) {
    case "uint32":
    case "fixed32":
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
    case "uint64":
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case "int64":
      return Number.isSafeInteger(value);
    case "string":
      return typeof value === "string" && value.isWellFormed();
    case "bool":
      return typeof value === "boolean";
    default:
      return value instanceof Uint8Array;
  }
}

function misuse(name: Name, field: FieldFact, value: unknown): LeatError {
  const shown = typeof value === "object" ? Object.prototype.toString.call(value) : String(value);
  const text = `${name}.${field.name} takes ${field.of ?? field.type}, not ${shown.slice(0, 80)}`;
  return new LeatError("INTERNAL", text);
}
