/** What protobufjs makes of a frame, and what leat does: both as the canonical bytes of what the frame means. */
import { join as joinPath } from "node:path";
import protobuf from "protobufjs";
import { LeatError } from "../../src/errors.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { decode, framesOf } from "./events.ts";

const PROTO = joinPath(import.meta.dir, "../../proto/leat/v1/leat.proto");
const schema = protobuf.loadSync(PROTO).resolveAll();
const Frame = typeOf("Frame");

/** A message of the schema, as protobufjs describes it. */
export function typeOf(name: string): protobuf.Type {
  return schema.lookupType(`leat.v1.${name}`);
}

/** The slow and obvious way: canonical bytes of what one frame means, or "refused". */
export function oracle(delimited: Uint8Array): string {
  try {
    const frame = Frame.toObject(Frame.decodeDelimited(delimited), { longs: BigInt });
    return settle(Frame, frame) ? hex(Frame.encodeDelimited(frame).finish()) : "refused";
  } catch {
    return "refused";
  }
}

/** Big integers become numbers, enum numbers of a later version zero. False beyond the bound. */
function settle(type: protobuf.Type, message: Record<string, unknown>): boolean {
  return type.fieldsArray.every((field) => {
    const value = message[field.name];
    const { resolvedType } = field;
    if (value === undefined) return true;
    if (resolvedType instanceof protobuf.Enum) {
      if (resolvedType.valuesById[value as number] === undefined) message[field.name] = 0;
    } else if (resolvedType instanceof protobuf.Type) {
      const items = (field.repeated ? value : [value]) as Record<string, unknown>[];
      return items.every((item) => settle(resolvedType, item));
    } else if (typeof value === "bigint") {
      message[field.name] = Number(value);
      return Number.isSafeInteger(message[field.name]);
    }
    return true;
  });
}

/** The same of leat's decoder, for bytes that come in these chunks. */
export function ours(chunks: readonly Uint8Array[]): string {
  try {
    const frames = framesOf(decode(chunks));
    if (frames.length !== 1) return `${frames.length} frames`;
    const { stream, body } = frames[0]!;
    if (body !== undefined) return hex(encodeFrame(stream, body));
    return hex(Frame.encodeDelimited({ stream }).finish());
  } catch (error) {
    if (error instanceof LeatError && error.code === "PROTOCOL_ERROR") return "refused";
    throw error;
  }
}

function hex(bytes: Uint8Array): string {
  return new Uint8Array(bytes).toHex();
}
