/**
 * Writes the bytes under every `# json:` line of a vector file, one field a line, as the protobufjs
 * reflection encodes them: `bun test/vectors/annotate.ts test/vectors/hello.hex`. Frames marked
 * `# form: other` or `# error:` are made by hand and left as they are.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";

const PROTO = join(import.meta.dir, "../../proto/leat/v1/leat.proto");
const Frame = protobuf.loadSync(PROTO).resolveAll().lookupType("leat.v1.Frame");

function count(bytes: number): string {
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}

/** One line: the bytes of `reader` since `from`, and what they are. */
function line(reader: protobuf.Reader, from: number, depth: number, text: string): string {
  const hex = reader.buf.subarray(from, reader.pos).toHex();
  const bytes = hex.replaceAll(/../g, " $&").slice(1);
  return `${("  ".repeat(depth) + bytes).padEnd(42)} # ${text}`;
}

function fieldLines(type: protobuf.Type, reader: protobuf.Reader, end: number, depth: number) {
  const lines: string[] = [];
  while (reader.pos < end) {
    const from = reader.pos;
    const field = type.fieldsById[reader.uint32() >>> 3]!;
    const resolved = field.resolvedType;
    if (resolved instanceof protobuf.Type) {
      const length = reader.uint32();
      lines.push(line(reader, from, depth, `${field.name}: ${count(length)}`));
      lines.push(...fieldLines(resolved, reader, reader.pos + length, depth + 1));
      continue;
    }
    const shown =
      resolved instanceof protobuf.Enum ? enumValue(resolved, reader) : scalar(field, reader);
    lines.push(line(reader, from, depth, `${field.name} = ${shown}`));
  }
  return lines;
}

function enumValue(type: protobuf.Enum, reader: protobuf.Reader): string {
  const value = reader.int32();
  return `${type.valuesById[value]} (${value})`;
}

function scalar(field: protobuf.Field, reader: protobuf.Reader): string {
  switch (field.type) {
    case "bytes":
      return count(reader.bytes().length);
    case "string":
      return JSON.stringify(reader.string());
    case "fixed32":
      return `0x${reader.fixed32().toString(16).padStart(8, "0")}`;
    case "bool":
      return String(reader.bool());
    case "uint32":
      return String(reader.uint32());
    default:
      return String(field.type === "int64" ? reader.int64() : reader.uint64());
  }
}

function frameLines(json: string): string[] {
  const bytes = Frame.encodeDelimited(Frame.fromObject(JSON.parse(json))).finish();
  const reader = protobuf.Reader.create(new Uint8Array(bytes));
  const length = reader.uint32();
  const head = line(reader, 0, 0, `frame: ${count(length)}`);
  return [head, ...fieldLines(Frame, reader, reader.len, 0)];
}

for (const path of process.argv.slice(2)) {
  const out: string[] = [];
  for (const paragraph of readFileSync(path, "utf8")
    .trim()
    .split(/\n\s*\n/)) {
    const comments = paragraph.split("\n").filter((text) => text.startsWith("#"));
    const json = comments.find((text) => text.startsWith("# json:"))?.slice("# json:".length);
    const byHand = comments.some((text) => /^# (form|error):/.test(text));
    if (json === undefined || byHand) out.push(paragraph);
    else out.push([...comments, ...frameLines(json)].join("\n"));
  }
  writeFileSync(path, out.join("\n\n") + "\n");
}
