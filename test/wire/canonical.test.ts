// The generated code against protobufjs: the same bytes, the same messages, the same refusals.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { join } from "node:path";
import protobuf from "protobufjs";
import { decodeAnyForm } from "../../src/wire/any-form.ts";
import { CanonicalReader, NOT_CANONICAL } from "../../src/wire/canonical-reader.ts";
import { canonical } from "../../src/wire/gen/canonical.ts";
import { FIELDS, type Messages } from "../../src/wire/gen/messages.ts";
import { decodeMessage, encodeMessage, type Init } from "../../src/wire/plain.ts";
import { announcedSeed } from "../support/chop.ts";
import { LONG } from "../support/ways.ts";
import { anyMessage } from "./any-message.ts";

const PROTO = join(import.meta.dir, "../../proto/leat/v1/leat.proto");
const root = protobuf.loadSync(PROTO).resolveAll();
const names = Object.keys(FIELDS) as (keyof Messages)[];
const RUNS = LONG ? 300 : 30;

/** What protobufjs takes: the member of a oneof by its name, whole numbers as they are. */
function reflected(name: keyof Messages, plain: Record<string, unknown>): object {
  const raw: Record<string, unknown> = {};
  const put = (field: string, of: string | undefined, value: unknown): void => {
    const nested = of !== undefined && of in FIELDS;
    raw[field] = nested ? reflected(of as keyof Messages, value as Record<string, unknown>) : value;
  };
  for (const { name: field, of, repeated, oneof } of FIELDS[name]) {
    const chosen =
      oneof === undefined ? undefined : (plain[oneof] as { case: string; value: unknown });
    if (chosen?.case === field) put(field, of, chosen.value);
    if (oneof !== undefined || plain[field] === undefined) continue;
    if (repeated !== true) put(field, of, plain[field]);
    else {
      raw[field] = (plain[field] as Record<string, unknown>[]).map((item) =>
        of === undefined ? item : reflected(of as keyof Messages, item),
      );
    }
  }
  return raw;
}

function outcome(decode: () => unknown): unknown {
  try {
    return { message: decode() };
  } catch (error) {
    return { refused: String(error) };
  }
}

describe.each(names)("%s", (name) => {
  const type = root.lookupType(`leat.v1.${name}`);

  test("is written as protobufjs writes it, and read without its help", () => {
    fc.assert(
      fc.property(anyMessage(name), (message) => {
        const bytes = encodeMessage(name, message as Init<Messages[typeof name]>);
        const raw = type.fromObject(reflected(name, message as Record<string, unknown>));
        expect(bytes.toHex()).toBe(new Uint8Array(type.encode(raw).finish()).toHex());
        const reader = new CanonicalReader();
        reader.begin(bytes, 0, bytes.length);
        // A time before 1970 takes ten bytes, and is left to protobufjs.
        if (!/"seconds":-/.test(JSON.stringify(message))) {
          expect(canonical[name].read(reader) as unknown).toStrictEqual(message);
        }
      }),
      { seed: announcedSeed(), numRuns: RUNS },
    );
  });

  test("is read, or refused, as protobufjs does it, however it was damaged", () => {
    const damage = fc.array(
      fc.tuple(
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom("set", "cut", "add", "double"),
      ),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(anyMessage(name), damage, (message, changes) => {
        let bytes = encodeMessage(name, message as Init<Messages[typeof name]>);
        for (const [at, byte, how] of changes) bytes = damaged(bytes, at, byte, how);
        expect(outcome(() => decodeMessage(name, bytes))).toStrictEqual(
          outcome(() => decodeAnyForm(name, bytes)),
        );
      }),
      { seed: announcedSeed(), numRuns: 3 * RUNS },
    );
  });
});

function damaged(
  bytes: Uint8Array,
  at: number,
  byte: number,
  how: string,
): Uint8Array<ArrayBuffer> {
  const position = bytes.length === 0 ? 0 : at % bytes.length;
  if (how === "cut") return bytes.slice(0, position);
  if (how === "add") return Uint8Array.of(...bytes, byte);
  if (how === "double") return Uint8Array.of(...bytes, ...bytes);
  return bytes.length === 0 ? new Uint8Array(0) : new Uint8Array(bytes.with(position, byte));
}

test.each([
  ["a field twice", "0a01610a0162"],
  ["fields out of order", "10010a0161"],
  ["an unknown field", "0a0161f80701"],
  ["a padded length", "0a810061"],
  ["more than one for true", "2002"],
])("%s is left to protobufjs", (_, hex) => {
  const bytes = Uint8Array.fromHex(hex);
  const reader = new CanonicalReader();
  reader.begin(bytes, 0, bytes.length);
  let thrown: unknown;
  try {
    canonical.List.read(reader);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBe(NOT_CANONICAL);
  expect(decodeMessage("List", bytes)).toStrictEqual(decodeAnyForm("List", bytes));
});

test("a message longer than what is kept between messages, and one behind it", () => {
  const entries = Array.from({ length: 5000 }, (_, index) => ({
    name: `${"n".repeat(60)}${index}`,
  }));
  const page = encodeMessage("EntryPage", { entries });
  expect(page.length).toBeGreaterThan(300_000);
  expect(decodeMessage("EntryPage", page).entries.at(-1)!.name).toEndWith("n4999");
  expect(encodeMessage("Stat", { path: "a" }).toHex()).toBe("0a0161");
});
