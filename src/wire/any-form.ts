/**
 * The slow twin of gen/canonical.ts: protobufjs decodes every legal form and says what is wrong with
 * the others; its objects are turned into the plain shapes by walking the field table.
 */
import { LeatError } from "../errors.ts";
import { leat } from "./gen/leat.js";
import type { Messages } from "./gen/messages.ts";
import { withLastBody } from "./last-body.ts";
import { planOf, type FieldPlan, type Plan } from "./plan.ts";

type Name = keyof Messages;
type Fields = Record<string, unknown>;

const EMPTY = new Uint8Array(0);

/** @throws LeatError PROTOCOL_ERROR when it is not a valid message of that name */
export function decodeAnyForm<K extends Name>(name: K, bytes: Uint8Array): Messages[K] {
  return toPlain(planOf(name), decodeRaw(name, bytes)) as unknown as Messages[K];
}

function decodeRaw(name: Name, bytes: Uint8Array): Fields {
  try {
    const fields = leat.v1[name].decode(bytes) as Fields;
    const last = name === "Frame" ? withLastBody(bytes) : bytes;
    // protobufjs merges the parts of a body around those of another, which have replaced the first.
    return last === bytes ? fields : (leat.v1[name].decode(last) as Fields);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = `${bytes.length} bytes are not a valid ${name}`;
    throw new LeatError("PROTOCOL_ERROR", `${what}: ${reason}`, { cause });
  }
}

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
