import { expect, test } from "bun:test";
import { join } from "node:path";
import protobuf from "protobufjs";
import { MAX_REQUEST, SERVER_MAX_FRAME } from "../../src/limits.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { chop, join as joinBytes } from "../support/chop.ts";
import { decode, framesOf } from "./events.ts";
import { frameOfJson, initOfJson, readAllVectors, readVectors, VECTORS } from "./read-vectors.ts";

const PROTO = join(import.meta.dir, "../../proto/leat/v1/leat.proto");
const Frame = protobuf.loadSync(PROTO).resolveAll().lookupType("leat.v1.Frame");

const all = readAllVectors();
const valid = all.filter((vector) => vector.json !== undefined);
const canonical = valid.filter((vector) => vector.canonical);
const refused = all.filter((vector) => vector.error !== undefined);

test("there are vectors of every body", () => {
  const bodies = new Set(canonical.flatMap((vector) => Object.keys(vector.json!)));
  const names = Frame.oneofs["body"]!.fieldsArray.map((field) => field.name);
  expect([...bodies].toSorted()).toEqual([...names, "stream"].toSorted());
});

test.each(canonical.map((vector) => [vector.title, vector] as const))("encode %s", (_, vector) => {
  const { stream, body } = initOfJson(vector.json!);
  if (body !== undefined) {
    expect(encodeFrame(stream, body).toHex()).toBe(vector.bytes.toHex());
    const full = frameOfJson(vector.json!);
    expect(encodeFrame(stream, full.body!).toHex()).toBe(vector.bytes.toHex());
  }
  const reflected = Frame.encodeDelimited(Frame.fromObject(vector.json!)).finish();
  expect(new Uint8Array(reflected).toHex()).toBe(vector.bytes.toHex());
});

const AFTER = Uint8Array.fromHex("0452005200").subarray(0, 3); // begins a frame of four bytes

test.each(valid.map((vector) => [vector.title, vector] as const))("decode %s", (_, vector) => {
  const expected = [frameOfJson(vector.json!)];
  expect(framesOf(decode([vector.bytes]))).toStrictEqual(expected);
  expect(framesOf(decode(chop(vector.bytes, [1])))).toStrictEqual(expected);
  expect(() => decode([joinBytes([vector.bytes, AFTER])])).toThrow("after 2 of the 4 bytes");
  // It merges a body with itself around another one, which Google's and this project's do not.
  if (vector.title.endsWith("has replaced the first.")) return;
  const reflected = Frame.toObject(Frame.decodeDelimited(vector.bytes), { enums: String });
  expect(Frame.fromObject(reflected)).toEqual(Frame.fromObject(vector.json!));
});

test.each(readVectors("long-forms.hex").map((vector) => [vector.title, vector] as const))(
  "decode as a server does %s",
  (_, vector) => {
    const expected = [frameOfJson(vector.json!)];
    const options = { maxFrame: SERVER_MAX_FRAME, maxBody: MAX_REQUEST };
    expect(vector.bytes.length).toBeGreaterThan(MAX_REQUEST);
    for (const size of [1, 1000, vector.bytes.length]) {
      expect(framesOf(decode(chop(vector.bytes, [size]), options))).toStrictEqual(expected);
    }
  },
);

test.each(refused.map((vector) => [vector.title, vector] as const))("refuse %s", (_, vector) => {
  const refusal = expect.objectContaining({ name: "LeatError", code: vector.error });
  expect(() => decode([vector.bytes])).toThrow(refusal);
  expect(() => decode(chop(vector.bytes, [1]))).toThrow(refusal);
});

test.each(["exchange-get.hex", "exchange-put.hex"])("%s, each direction in one piece", (file) => {
  for (const from of ["client", "server"] as const) {
    const frames = readVectors(file).filter((vector) => vector.from === from);
    const bytes = joinBytes(frames.map((vector) => vector.bytes));
    const firstFrame = from === "client" ? "hello" : "welcome";
    const expected = frames.map((vector) => frameOfJson(vector.json!));
    for (const size of [1, 2, 7, bytes.length]) {
      const events = decode(chop(bytes, [size]), { maxFrame: 65536, firstFrame });
      expect(framesOf(events)).toStrictEqual(expected);
    }
  }
});

const python = process.env["LEAT_PYTHON"] ?? "python3";
const packages =
  "import google.protobuf, shutil\nshutil.which('protoc') or __import__('grpc_tools')";
const hasPython =
  Bun.which(python) !== null && Bun.spawnSync([python, "-c", packages]).exitCode === 0;
if (!hasPython) {
  console.log(
    `NOT RUN: the vectors against Google's protobuf, because ${python} has no protobuf with protoc ` +
      "or grpcio-tools; test/vectors/README.md tells how to have them",
  );
}

test.skipIf(!hasPython)("Google's protobuf for Python agrees", () => {
  const run = Bun.spawnSync([python, join(VECTORS, "check.py")]);
  expect(run.stderr.toString()).toBe("");
  expect(run.stdout.toString()).toBe(`${valid.length} vectors agree\n`);
  expect(run.exitCode).toBe(0);
});
