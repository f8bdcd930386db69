/**
 * Writes src/wire/gen/ from proto/leat/v1/leat.proto: the static protobufjs codec (leat.js), and
 * messages.ts, the plain TypeScript shapes with the field table that src/wire/plain.ts walks.
 *
 *   bun run generate            writes
 *   bun run generate --check    exits 1 when what is committed is stale
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";

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

/** The table entry: what plain.ts must know of a field. */
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

function messageSource(type: protobuf.Type): string {
  const lines = [`export interface ${type.name} {`];
  const oneofs = new Set<protobuf.OneOf>();
  for (const field of type.fieldsArray) {
    const oneof = realOneof(field);
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
  return `export type ${type.name} = ${names.join(" | ")};\n`;
}

function messagesSource(root: protobuf.Root): string {
  const types: protobuf.Type[] = [];
  const enums: protobuf.Enum[] = [];
  for (const nested of root.lookup("leat.v1") instanceof protobuf.Namespace
    ? (root.lookup("leat.v1") as protobuf.Namespace).nestedArray
    : []) {
    if (nested instanceof protobuf.Type) types.push(nested.resolve() as protobuf.Type);
    else if (nested instanceof protobuf.Enum) enums.push(nested);
  }
  for (const type of types) for (const field of type.fieldsArray) field.resolve();
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

const DECLARATION = `${HEADER}
import type { Reader, Writer } from "protobufjs/minimal.js";
import type { Messages } from "./messages.ts";

/** What protobufjs' static code is, as far as plain.ts uses it: untyped objects in and out. */
export const leat: {
  v1: Record<
    keyof Messages,
    {
      encode(message: object, writer?: Writer): Writer;
      decode(bytes: Uint8Array | Reader, length?: number): object;
    }
  >;
};
`;

async function staticCodec(into: string): Promise<string> {
  const out = join(into, "leat.js");
  const flags =
    "-t static-module -w esm --es6 --force-number --no-create --no-verify --no-delimited --no-typeurl " +
    "--no-convert --no-comments -r leat.v1";
  const pbjs = join(ROOT, "node_modules/protobufjs-cli/bin/pbjs");
  const run = Bun.spawn(
    [process.execPath, pbjs, ...flags.split(" "), "-o", out, join(ROOT, PROTO)],
    {
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  if ((await run.exited) !== 0) throw new Error("pbjs failed");
  return HEADER + readFileSync(out, "utf8");
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
  const root = await new protobuf.Root().load(join(ROOT, PROTO));
  const files: Record<string, string> = {
    "leat.js": await staticCodec(work),
    "leat.d.ts": DECLARATION,
    "messages.ts": await formatted(work, "messages.ts", messagesSource(root)),
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
