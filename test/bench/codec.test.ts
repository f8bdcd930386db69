import { expect, test } from "bun:test";
import { measureCodec } from "../../bench/codec.ts";
import { byJson } from "../../bench/codec/json.ts";
import { checkDecodes, contestsOf } from "../../bench/codec/contests.ts";
import { byLeat } from "../../bench/codec/leat.ts";
import { frameSchema } from "../../bench/codec/protobuf-es-schema.ts";
import { byProtobufjs } from "../../bench/codec/protobufjs.ts";
import { SUBJECTS } from "../../bench/codec/subjects.ts";
import { Recorder } from "../../bench/support/record.ts";
import { FIELDS } from "../../src/wire/gen/messages.ts";
import { beQuiet, measured } from "./support.ts";

beQuiet();

const subject = (name: string) => SUBJECTS.find((other) => other.name === name)!;

test("every body of a frame has its subject", () => {
  const bodies = FIELDS.Frame.filter(({ oneof }) => oneof === "body").map(({ name }) => name);
  expect(new Set<string>(SUBJECTS.map(({ body }) => body.case))).toEqual(new Set(bodies));
});

test("all codecs decode every subject to the same, whole and cut", async () => {
  const schema = await frameSchema();
  for (const each of SUBJECTS) {
    const works = (await contestsOf(each, schema)).map(({ work, who }) => `${who}: ${work}`);
    expect(works).toHaveLength(12);
  }
});

test("one that decodes to something else is refused", async () => {
  const right = byProtobufjs(subject("Credit"));
  const other = byLeat(subject("Resend"));
  await expect(checkDecodes(other, right.frame)).rejects.toThrow("leat decodes");
  const json = byJson(subject("Receipt"));
  const forgetful = { ...json, decode: () => {} };
  await expect(checkDecodes(forgetful, right.frame)).rejects.toThrow("JSON decodes");
});

test("time and memory of each operation are recorded", async () => {
  const record = new Recorder();
  await measureCodec([subject("Data 64 KiB")], { rounds: 1, time: 2, looks: 1 }, record);
  expect(record.measurements).toHaveLength(24);
  for (const who of ["leat", "protobufjs", "protobuf-es", "JSON"]) {
    for (const work of ["encode Data 64 KiB", "decode Data 64 KiB, cut at random"]) {
      expect(measured(record, { work, who, measure: "operation" }).median).toBeGreaterThan(1);
    }
  }
  const allocated = (who: string): number =>
    measured(record, { work: "encode Data 64 KiB", who, measure: "allocated" }).median;
  expect(allocated("leat")).toBeLessThan(4096); // a head
  expect(allocated("protobufjs")).toBeGreaterThan(50_000); // the payload at least once
});
