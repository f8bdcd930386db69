/**
 * Writes src/wire/gen/ from proto/leat/v1/leat.proto: the static protobufjs codec (leat.js), and
 * messages.ts, the plain TypeScript shapes with the field table that src/wire/any-form.ts walks, and
 * canonical.ts, which writes and reads them as encoders write them.
 *
 *   bun run generate            writes
 *   bun run generate --check    exits 1 when what is committed is stale
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";
import { writeStaticCodec } from "./static-codec.ts";

const ROOT = join(import.meta.dir, "..");
const PROTO = "proto/leat/v1/leat.proto";
const GEN = join(ROOT, "src/wire/gen");
const HEADER = `// Generated from ${PROTO} by \`bun run generate\`. Do not edit.\n`;

const NUMBERS = new Set(["uint32", "fixed32", "uint64", "int64"]);
const SCALARS: Record<string, string> = { string: "string", bool: "boolean", bytes: "Uint8Array" };

function typeName(field: protobuf.Field): string {
  const resolved = field.resolvedType;
  if (resolved !== null) return resolved.name;
  return NUMBERS.has(field.type) ? "number" : (SCALARS[field.type] ?? fail(field));
}

function fail(field: protobuf.Field): never {
  throw new Error(`${field.fullName}: type ${field.type} is not supported by scripts/generate.ts`);
}

/** The table entry: what any-form.ts must know of a field. */
function fact(field: protobuf.Field): string {
  const { resolvedType } = field;
  const parts = [`name: "${field.name}"`];
  if (resolvedType instanceof protobuf.Type)
    parts.push(`type: "message"`, `of: "${resolvedType.name}"`);
  else if (resolvedType instanceof protobuf.Enum)
    parts.push(`type: "enum"`, `of: "${resolvedType.name}"`);
  else parts.push(`type: "${field.type}"`);
  if (field.repeated) parts.push("repeated: true");
  if (isOptional(field)) parts.push("optional: true");
  const oneof = realOneof(field);
  if (oneof !== undefined) parts.push(`oneof: "${oneof.name}"`);
  return `{ ${parts.join(", ")} }`;
}

/** `optional` fields are oneofs of one in the descriptor; those are not oneofs to a reader. */
function realOneof(field: protobuf.Field): protobuf.OneOf | undefined {
  return field.partOf !== null && !field.partOf.isProto3Optional ? field.partOf : undefined;
}

function isOptional(field: protobuf.Field): boolean {
  return field.partOf?.isProto3Optional === true || field.resolvedType instanceof protobuf.Type;
}

/** What the schema says of a thing: of the line above it, or of the one it stands on. */
function comment({ comment: text }: protobuf.ReflectionObject, indent = ""): string[] {
  if (text === null || text === "") return [];
  const lines = text.replaceAll("*/", "* /").split("\n");
  const [first = ""] = lines;
  if (lines.length === 1 && first.length < 90) return [`${indent}/** ${first} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}

function messageSource(type: protobuf.Type): string {
  const lines = [...comment(type), `export interface ${type.name} {`];
  const oneofs = new Set<protobuf.OneOf>();
  for (const field of type.fieldsArray) {
    const oneof = realOneof(field);
    if (oneof === undefined) lines.push(...comment(field, "  "));
    if (oneof !== undefined) oneofs.add(oneof);
    else if (field.repeated) lines.push(`  ${field.name}: ${typeName(field)}[];`);
    else if (isOptional(field)) lines.push(`  ${field.name}?: ${typeName(field)} | undefined;`);
    else lines.push(`  ${field.name}: ${typeName(field)};`);
  }
  const unions: string[] = [];
  for (const oneof of oneofs) {
    const union = type.name + oneof.name[0]!.toUpperCase() + oneof.name.slice(1);
    lines.push(`  ${oneof.name}?: ${union} | undefined;`);
    const members = oneof.fieldsArray.map(
      (field) => `  | { readonly case: "${field.name}"; readonly value: ${typeName(field)} }`,
    );
    unions.push(`export type ${union} =\n${members.join("\n")};\n`);
  }
  lines.push("}\n");
  return [...lines, ...unions].join("\n");
}

function enumSource(type: protobuf.Enum): string {
  const names = Object.keys(type.values).map((name) => `"${name}"`);
  return [...comment(type), `export type ${type.name} = ${names.join(" | ")};\n`].join("\n");
}

function typesOf(root: protobuf.Root): { types: protobuf.Type[]; enums: protobuf.Enum[] } {
  const nested = (root.lookup("leat.v1") as protobuf.Namespace).nestedArray;
  const types = nested.filter((one) => one instanceof protobuf.Type);
  for (const type of types) for (const field of type.fieldsArray) field.resolve();
  return { types, enums: nested.filter((one) => one instanceof protobuf.Enum) };
}

function messagesSource(types: readonly protobuf.Type[], enums: readonly protobuf.Enum[]): string {
  const messageMap = types.map((type) => `  ${type.name}: ${type.name};`).join("\n");
  const fields = types
    .map((type) => `  ${type.name}: [${type.fieldsArray.map(fact).join(", ")}],`)
    .join("\n");
  const values = enums.map((type) => `  ${type.name}: ${JSON.stringify(type.values)},`).join("\n");
  return [
    HEADER,
    ...enums.map(enumSource),
    ...types.map(messageSource),
    `export interface Messages {\n${messageMap}\n}\n`,
    `export interface FieldFact {
  readonly name: string;
  readonly type: "uint32" | "fixed32" | "uint64" | "int64" | "string" | "bool" | "bytes" | "enum" | "message";
  /** Name of the message or enum. */
  readonly of?: string;
  readonly repeated?: true;
  /** Absent and default are different. */
  readonly optional?: true;
  readonly oneof?: string;
}\n`,
    `export const FIELDS: Readonly<Record<keyof Messages, readonly FieldFact[]>> = {\n${fields}\n};\n`,
    `export const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {\n${values}\n};\n`,
  ].join("\n");
}

/** gen/canonical.ts: straight-line code that writes and reads each message as encoders write it. */
function canonicalSource(types: readonly protobuf.Type[], enums: readonly protobuf.Enum[]): string {
  const names = types.map((type) => type.name);
  return [
    HEADER,
    `import type { CanonicalReader } from "../canonical-reader.ts";
import { type CanonicalWriter, noCase } from "../canonical-writer.ts";
import type { Init } from "../plain.ts";
import type { Messages, ${[...types, ...enums].map(({ name }) => name).join(", ")} } from "./messages.ts";
import { ENUMS } from "./messages.ts";\n`,
    ...enums.map(
      ({ name }) => `const to${name} = new Map(Object.entries(ENUMS["${name}"]!));
const from${name} = new Map(Object.entries(ENUMS["${name}"]!).map(([name, number]) => [number, name as ${name}]));\n`,
    ),
    ...types.map((type) => writeSource(type) + "\n" + readSource(type)),
    `export const canonical: {
  readonly [Name in keyof Messages]: {
    write(writer: CanonicalWriter, message: Init<Messages[Name]>): void;
    read(reader: CanonicalReader): Messages[Name];
  };
} = {\n${names.map((name) => `  ${name}: { write: write${name}, read: read${name} },`).join("\n")}\n};\n`,
  ].join("\n");
}

/** Fields in ascending order; those of a oneof, which must be neighbours, as one. */
function parts(type: protobuf.Type): (protobuf.Field | protobuf.OneOf)[] {
  const sorted = type.fieldsArray.toSorted((a, b) => a.id - b.id);
  const found = sorted.map((field) => realOneof(field) ?? field);
  const distinct = found.filter((part, index) => part !== found[index - 1]);
  if (new Set(distinct).size !== distinct.length) {
    throw new Error(`${type.name}: the members of a oneof must have numbers side by side`);
  }
  return distinct;
}

const WIRE_TYPES: Record<string, number> = { fixed32: 5, string: 2, bytes: 2 };

function tagOf(field: protobuf.Field): number {
  const type = field.resolvedType instanceof protobuf.Type ? 2 : (WIRE_TYPES[field.type] ?? 0);
  if (field.repeated && type !== 2) throw new Error(`${field.fullName}: packed fields are missing`);
  return (field.id << 3) | type;
}

function writeSource(type: protobuf.Type): string {
  const lines = parts(type).map((part) => {
    if (part instanceof protobuf.OneOf) {
      const cases = part.fieldsArray.map(
        (field) =>
          `case "${field.name}": ${writeCall(field, `message.${part.name}.value`)}; break;`,
      );
      const otherwise = `default: noCase("${type.name}.${part.name}", message.${part.name});`;
      return `  if (message.${part.name} !== undefined) switch (message.${part.name}.case) {
        ${[...cases, otherwise].join("\n")} }`;
    }
    const value = `message.${part.name}`;
    const written = isOptional(part) || part.repeated ? "" : ` && ${notDefault(part, value)}`;
    if (!part.repeated) return `  if (${value} !== undefined${written}) ${writeCall(part, value)};`;
    const items = `writer.items(${value}, "${typeName(part)}", "${type.name}.${part.name}")`;
    return `  if (${value} !== undefined) for (const item of ${items}) ${writeCall(part, "item")};`;
  });
  const unused = lines.length === 0 ? "_" : "";
  return `function write${type.name}(${unused}writer: CanonicalWriter, ${unused}message: Init<${type.name}>): void {
${lines.join("\n")}
}\n`;
}

function writeCall(field: protobuf.Field, value: string): string {
  const { resolvedType } = field;
  const name = `"${field.parent!.name}.${field.name}"`;
  if (resolvedType instanceof protobuf.Type) {
    const of = resolvedType.name;
    return `writer.message(${tagOf(field)}, write${of}, "${of}", ${value}, ${name})`;
  }
  if (resolvedType instanceof protobuf.Enum) {
    const of = resolvedType.name;
    return `writer.enumeration(${tagOf(field)}, to${of}, "${of}", ${value}, ${name})`;
  }
  return `writer.${field.type}(${tagOf(field)}, ${value}, ${name})`;
}

function readSource(type: protobuf.Type): string {
  const all = parts(type);
  const initial = all.flatMap((part) => {
    if (part instanceof protobuf.OneOf) return [];
    if (part.repeated) return [`${part.name}: []`];
    return isOptional(part) ? [] : [`${part.name}: ${defaultOf(part)}`];
  });
  const lines = all.map((part) => {
    if (part instanceof protobuf.OneOf) {
      const cases = part.fieldsArray.map(
        (
          field,
        ) => `case ${tagOf(field)}: message.${part.name} = { case: "${field.name}", value: ${readCall(field)} };
          tag = reader.tag(); break;`,
      );
      return `  switch (tag) { ${cases.join("\n")} }`;
    }
    const value = readCall(part);
    if (part.repeated)
      return `  while (tag === ${tagOf(part)}) { message.${part.name}.push(${value}); tag = reader.tag(); }`;
    return `  if (tag === ${tagOf(part)}) { message.${part.name} = ${value}; tag = reader.tag(); }`;
  });
  const keyword = lines.length === 0 ? "const" : "let";
  return `function read${type.name}(reader: CanonicalReader): ${type.name} {
  const message: ${type.name} = { ${initial.join(", ")} };
  ${keyword} tag = reader.tag();
${lines.join("\n")}
  reader.over(tag);
  return message;
}\n`;
}

/** Where zero and absent are the same, zero isn't written. */
function notDefault(field: protobuf.Field, value: string): string {
  return field.type === "bytes" ? `${value}.length !== 0` : `${value} !== ${defaultOf(field)}`;
}

function defaultOf(field: protobuf.Field): string {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) return `"${resolvedType.valuesById[0]}"`;
  const defaults: Record<string, string> = {
    string: '""',
    bool: "false",
    bytes: "new Uint8Array(0)",
  };
  return defaults[field.type] ?? "0";
}

function readCall(field: protobuf.Field): string {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return `reader.message(read${resolvedType.name})`;
  if (resolvedType instanceof protobuf.Enum) return `reader.enumeration(from${resolvedType.name})`;
  const methods: Record<string, string> = { uint64: "varint", int64: "varint" };
  return `reader.${methods[field.type] ?? field.type}()`;
}

const DECLARATION = `${HEADER}
import type { Messages } from "./messages.ts";

/** The part of protobufjs' static code that any-form.ts uses: it reads any legal form. */
export const leat: {
  v1: Record<keyof Messages, { decode(bytes: Uint8Array): object }>;
};
`;

async function staticCodec(into: string): Promise<string> {
  const path = join(into, "leat.js");
  await writeStaticCodec(path, "--no-encode");
  return readFileSync(path, "utf8");
}

async function formatted(into: string, name: string, source: string): Promise<string> {
  const path = join(into, name);
  writeFileSync(path, source);
  const run = Bun.spawn([process.execPath, "fmt", "--no-script", path], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if ((await run.exited) !== 0) throw new Error(`bun fmt failed on ${name}`);
  return readFileSync(path, "utf8");
}

const work = mkdtempSync(join(tmpdir(), "leat-generate-"));
try {
  const root = await new protobuf.Root().load(join(ROOT, PROTO), { alternateCommentMode: true });
  const { types, enums } = typesOf(root);
  const files: Record<string, string> = {
    "leat.js": HEADER + (await staticCodec(work)),
    "leat.d.ts": DECLARATION,
    "messages.ts": await formatted(work, "messages.ts", messagesSource(types, enums)),
    "canonical.ts": await formatted(work, "canonical.ts", canonicalSource(types, enums)),
  };
  const stale = Object.entries(files).filter(([name, source]) => {
    const path = join(GEN, name);
    if (process.argv.includes("--check")) {
      return !require("node:fs").existsSync(path) || readFileSync(path, "utf8") !== source;
    }
    mkdirSync(GEN, { recursive: true });
    writeFileSync(path, source);
    return false;
  });
  if (stale.length > 0) {
    console.error(`stale: ${stale.map(([name]) => `src/wire/gen/${name}`).join(", ")}`);
    console.error("run `bun run generate` and commit the result");
    process.exitCode = 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
