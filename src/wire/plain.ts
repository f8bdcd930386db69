/**
 * Between protobufjs' objects and the plain shapes of gen/messages.ts, by walking the field table.
 *
 * Out of protobufjs: defaults are filled in, absent optional fields are left out, a oneof is
 * `{case, value}`, an enum is its name, a 64-bit integer is a number. Into protobufjs: every value
 * is checked first, because protobufjs encodes what it does not understand as zero or as garbage.
 */
import { LeatError } from "../errors.ts";
import { leat } from "./gen/leat.js";
import type { Messages } from "./gen/messages.ts";
import { planOf, type FieldPlan, type Plan } from "./plan.ts";

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

/**
 * Decodes one message.
 * Bytes in it are views of `bytes` where they are most of its buffer, and copies otherwise: a short
 * id must not keep a long chunk alive.
 * @throws LeatError PROTOCOL_ERROR when it is not a valid message of that name
 */
export function decodeMessage<K extends Name>(name: K, bytes: Uint8Array): Messages[K] {
  return toPlain(planOf(name), decodeRaw(name, bytes)) as unknown as Messages[K];
}

/** Encodes one message; the bytes are the caller's. @throws LeatError INTERNAL on a wrong value */
export function encodeMessage<K extends Name>(name: K, message: Init<Messages[K]>): Uint8Array {
  const writer = writeMessage(name, message);
  return writer.finishInto(new Uint8Array(writer.pos));
}

/** As {@link encodeMessage}, but leaves it to the caller where the bytes go. */
export function writeMessage<K extends Name>(name: K, message: Init<Messages[K]>) {
  return leat.v1[name].encode(toRaw(planOf(name), message as Fields));
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

function toPlain(plan: Plan, raw: Fields): Fields {
  const plain: Fields = {};
  for (const field of plan.fields) {
    // Defaults stand on the prototype; null is protobufjs' default of a field that is absent.
    const value = raw[field.name];
    if (field.repeated) {
      plain[field.name] = (value as readonly unknown[]).map((item) => plainValue(field, item));
    } else if (value !== null) {
      plain[field.name] = plainValue(field, value);
    }
  }
  for (const { name, members } of plan.oneofs) {
    // protobufjs answers with the name of the member that is set.
    const member = raw[name] as string | undefined;
    if (member === undefined) continue;
    plain[name] = { case: member, value: plainValue(members.get(member)!, raw[member]) };
  }
  return plain;
}

function plainValue(field: FieldPlan, value: unknown): unknown {
  switch (field.type) {
    case "uint64":
    case "int64":
      return plainNumber(field, value as number | Bits);
    case "enum":
      // A number that this version does not know has the name of zero.
      return field.names.get(value as number) ?? field.names.get(0);
    case "message":
      return toPlain(field.plan(), value as Fields);
    case "bytes":
      return plainBytes(value as Uint8Array);
    default:
      return value;
  }
}

/** A Long, as far as it is used here: both halves are signed. */
interface Bits {
  readonly high: number;
  readonly low: number;
}

function plainNumber(field: FieldPlan, value: number | Bits): number {
  if (typeof value === "number") return value;
  const high = field.type === "int64" ? value.high : value.high >>> 0;
  const number = high * 0x1_0000_0000 + (value.low >>> 0);
  // Beyond the bound the sum is rounded, but never back to a safe integer.
  if (Number.isSafeInteger(number)) return number;
  const about = `${field.fullName} is about ${number.toPrecision(4)}`;
  const text = `${about}, beyond the bound of ${Number.MAX_SAFE_INTEGER}`;
  throw new LeatError("PROTOCOL_ERROR", text);
}

function plainBytes(view: Uint8Array): Uint8Array {
  if (view.length === 0) return EMPTY;
  return 2 * view.length < view.buffer.byteLength ? new Uint8Array(view) : view;
}

// ---- into protobufjs ----

function toRaw(plan: Plan, plain: Fields): Fields {
  const raw: Fields = {};
  for (const field of plan.fields) {
    const value = plain[field.name];
    if (value === undefined) continue;
    raw[field.name] = field.repeated ? rawItems(field, value) : rawValue(field, value);
  }
  for (const { name, members } of plan.oneofs) {
    const chosen = plain[name] as { case: string; value: unknown } | undefined;
    if (chosen === undefined) continue;
    const field = members.get(chosen.case);
    if (field === undefined) {
      throw new LeatError("INTERNAL", `${plan.name}.${name} has no case ${chosen.case}`);
    }
    raw[field.name] = rawValue(field, chosen.value);
  }
  return raw;
}

function rawItems(field: FieldPlan, value: unknown): unknown[] {
  if (!Array.isArray(value)) return refuse(field, value);
  return value.map((item) => rawValue(field, item));
}

function rawValue(field: FieldPlan, value: unknown): unknown {
  if (field.type === "message") {
    if (typeof value !== "object" || value === null) return refuse(field, value);
    return toRaw(field.plan(), value as Fields);
  }
  if (field.type === "enum") return field.numbers.get(value as string) ?? refuse(field, value);
  return isScalar(field.type, value) ? value : refuse(field, value);
}

function isScalar(type: FieldPlan["type"], value: unknown): boolean {
  switch (type) {
    case "uint32":
    case "fixed32":
      return typeof value === "number" && value >= 0 && value <= 0xffff_ffff && value % 1 === 0;
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

function refuse(field: FieldPlan, value: unknown): never {
  const shown = typeof value === "object" ? Object.prototype.toString.call(value) : String(value);
  const text = `${field.fullName} takes ${field.takes}, not ${shown.slice(0, 80)}`;
  throw new LeatError("INTERNAL", text);
}
