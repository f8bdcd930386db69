/** Reads test/vectors/*.hex (the format is told in its README) into values of this project. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import {
  FIELDS,
  type FieldFact,
  type FrameBody,
  type Messages,
} from "../../src/wire/gen/messages.ts";

export const VECTORS = join(import.meta.dir, "../vectors");

export interface Vector {
  /** `data.hex: An offset, no CRC.` */
  readonly title: string;
  readonly bytes: Uint8Array;
  /** In the JSON form of protobuf; undefined when the bytes are to be refused. */
  readonly json: Json | undefined;
  /** The code the bytes are refused with. */
  readonly error: string | undefined;
  /** Our encoder writes exactly these bytes. */
  readonly canonical: boolean;
  readonly from: string | undefined;
}

export type Json = { readonly [key: string]: unknown };

export function readVectors(file: string): Vector[] {
  const paragraphs = readFileSync(join(VECTORS, file), "utf8")
    .trim()
    .split(/\n\s*\n/);
  const vectors: Vector[] = [];
  for (const paragraph of paragraphs) {
    const tag = (name: string) => paragraph.match(new RegExp(`^# ${name}: *(.*)$`, "m"))?.[1];
    const payload = payloadOf(tag("payload"));
    const hex = paragraph
      .replaceAll(/#.*$/gm, "")
      .replaceAll(/\s/g, "")
      .replaceAll("..", payload.toHex());
    if (hex === "") continue;
    const text = paragraph.match(/^# (?!json:|from:)(.*)$/m)?.[1];
    const json = tag("json")?.replace('".."', `"${payload.toBase64()}"`);
    vectors.push({
      title: `${file}: ${text ?? json}`,
      bytes: Uint8Array.fromHex(hex),
      json: json === undefined ? undefined : (JSON.parse(json) as Json),
      error: tag("error"),
      canonical: tag("form") === undefined,
      from: tag("from"),
    });
  }
  return vectors;
}

/** `17000 bytes 77` */
function payloadOf(text = "0 bytes 00"): Uint8Array {
  const [length, , byte] = text.split(" ");
  return new Uint8Array(Number(length)).fill(Number.parseInt(byte!, 16));
}

export function readAllVectors(): Vector[] {
  const files = readdirSync(VECTORS).filter((file) => file.endsWith(".hex"));
  return files.toSorted().flatMap(readVectors);
}

export interface FrameValue {
  readonly stream: number;
  readonly body: FrameBody | undefined;
}

/** The value as the plain shapes of src/wire/gen/messages.ts, defaults filled in. */
export function frameOfJson(json: Json): FrameValue {
  const frame = ofJson("Frame", json) as { stream: number; body?: FrameBody };
  return { stream: frame.stream, body: frame.body };
}

/** The value as it is passed to encodeFrame: with no default filled in. */
export function initOfJson(json: Json): { stream: number; body: FrameBodyInit | undefined } {
  const frame = ofJson("Frame", json, true) as { stream?: number; body?: FrameBodyInit };
  return { stream: frame.stream ?? 0, body: frame.body };
}

const DEFAULTS: Record<FieldFact["type"], unknown> = {
  uint32: 0,
  fixed32: 0,
  uint64: "0",
  int64: "0",
  string: "",
  bool: false,
  bytes: "",
  enum: undefined,
  message: undefined,
};

const ZERO_NAMES: Record<string, string> = {
  Durability: "DURABILITY_UNSPECIFIED",
  Code: "CODE_UNSPECIFIED",
  Kind: "KIND_UNSPECIFIED",
  IfExists: "IF_EXISTS_UNSPECIFIED",
  Algorithm: "ALGORITHM_UNSPECIFIED",
};

function ofJson(name: keyof Messages, json: Json, sparse = false): object {
  const plain: Record<string, unknown> = {};
  for (const field of FIELDS[name]) {
    const given = json[field.name];
    if (field.oneof !== undefined) {
      if (given === undefined) continue;
      plain[field.oneof] = { case: field.name, value: valueOfJson(field, given, sparse) };
    } else if (field.repeated === true) {
      if (given === undefined && sparse) continue;
      const items = (given ?? []) as readonly unknown[];
      plain[field.name] = items.map((item) => valueOfJson(field, item, sparse));
    } else if (given !== undefined || !(field.optional === true || sparse)) {
      const value = given ?? DEFAULTS[field.type] ?? ZERO_NAMES[field.of!];
      plain[field.name] = valueOfJson(field, value, sparse);
    }
  }
  return plain;
}

function valueOfJson(field: FieldFact, value: unknown, sparse: boolean): unknown {
  switch (field.type) {
    case "message":
      return ofJson(field.of as keyof Messages, value as Json, sparse);
    case "bytes":
      return Uint8Array.fromBase64(value as string);
    case "uint64":
    case "int64":
      return Number(value);
    default:
      return value;
  }
}
