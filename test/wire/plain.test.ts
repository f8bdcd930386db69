import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import protobuf from "protobufjs/minimal.js";
import {
  FIELDS,
  type Code,
  type Entry,
  type Messages,
  type Timestamp,
} from "../../src/wire/gen/messages.ts";
import { decodeMessage, encodeMessage, type Init } from "../../src/wire/plain.ts";
import { announcedSeed } from "../support/chop.ts";
import { anyMessage } from "./any-message.ts";
import { refusal } from "./refusal.ts";

const MOST = Number.MAX_SAFE_INTEGER;

describe("any message comes back as it went in", () => {
  const names = Object.keys(FIELDS) as (keyof Messages)[];
  test.each(names)("%s", (name) => {
    fc.assert(
      fc.property(anyMessage(name), (message) => {
        const bytes = encodeMessage(name, message as Init<Messages[typeof name]>);
        expect(decodeMessage(name, bytes) as unknown).toStrictEqual(message);
      }),
      { seed: announcedSeed(), numRuns: 50 },
    );
  });
});

describe("out of protobufjs", () => {
  test("defaults are filled in, what is optional stays away", () => {
    const empty = new Uint8Array(0);
    expect(decodeMessage("Entry", empty)).toStrictEqual({
      name: "",
      kind: "KIND_UNSPECIFIED",
      size: 0,
      version: "",
      link: false,
      target: "",
    });
    expect(decodeMessage("Put", empty)).toStrictEqual({
      path: "",
      uploadId: empty,
      ifExists: "IF_EXISTS_UNSPECIFIED",
      resume: false,
      sha256: false,
      prefixLength: 0,
    });
    expect(decodeMessage("Request", empty)).toStrictEqual({});
    expect(decodeMessage("EntryPage", empty)).toStrictEqual({ entries: [], skippedNames: 0 });
  });

  test.each([
    ["an unknown one", [0x08, 99]],
    ["a negative one", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])("an enum number: %s has the name of zero", (_, bytes) => {
    const code: Code = decodeMessage("Failure", Uint8Array.from(bytes)).code;
    expect(code).toBe("CODE_UNSPECIFIED");
  });

  test.each([
    ["2^53", "8080808080808010", "Ping.nonce is about 9.007e+15"],
    ["2^63", "80808080808080808001", "Ping.nonce is about 9.223e+18"],
    ["2^64 - 1", "ffffffffffffffffff01", "Ping.nonce is about 1.845e+19"],
  ])("a uint64 of %s is refused by name", (_, hex, text) => {
    const error = refusal("PROTOCOL_ERROR", () =>
      decodeMessage("Ping", Uint8Array.fromHex(`08${hex}`)),
    );
    expect(error.message).toBe(`${text}, beyond the bound of ${MOST}`);
  });

  test.each([
    ["2^53", "8080808080808010"],
    ["-2^53", "808080808080 80f0ff01"],
    ["2^63 - 1", "ffffffffffffffff7f"],
    ["-2^63", "80808080808080808001"],
  ])("an int64 of %s is refused by name", (_, hex) => {
    const bytes = Uint8Array.fromHex(`08${hex.replace(" ", "")}`);
    const error = refusal("PROTOCOL_ERROR", () => decodeMessage("Timestamp", bytes));
    expect(error.message).toStartWith("Timestamp.seconds is about ");
  });

  test.each([
    ["a truncated field", "0a05", RangeError],
    ["a tag with no field", "00", Error],
    ["text that is not UTF-8", "0a01ff", TypeError],
    ["groups without end", "fb".repeat(200), Error],
  ])("%s is refused, with protobufjs' reason", (_, hex, kind) => {
    const bytes = Uint8Array.fromHex(hex);
    const error = refusal("PROTOCOL_ERROR", () => decodeMessage("Stat", bytes));
    expect(error.message).toStartWith(`${bytes.length} bytes are not a valid Stat: `);
    expect(error.cause).toBeInstanceOf(kind);
  });

  test("a short id in a long chunk is a copy, bytes that fill theirs are a view", () => {
    const id = new Uint8Array(16).fill(7);
    const put = encodeMessage("Put", { uploadId: id });
    const chunk = new Uint8Array(512 * 1024);
    chunk.set(put);
    const short = decodeMessage("Put", chunk.subarray(0, put.length)).uploadId;
    expect(short).toEqual(id);
    expect(short.buffer.byteLength).toBe(16);
    const data = encodeMessage("Data", { payload: new Uint8Array(1000) });
    expect(decodeMessage("Data", data).payload.buffer).toBe(data.buffer);
  });

  test("text is kept to the byte: a byte order mark, composed and decomposed", () => {
    for (const path of [
      "\u{feff}a",
      "\u00e9",
      "e\u0301",
      "\u{1f4a7}",
      "a".repeat(100) + "\u{feff}",
    ]) {
      expect(decodeMessage("Stat", encodeMessage("Stat", { path })).path).toBe(path);
    }
  });
});

describe("into protobufjs", () => {
  test("what is left out is the default, and not on the wire", () => {
    const full = encodeMessage("Get", { path: "a", offset: 0, sha256: false, length: undefined });
    expect(full).toEqual(encodeMessage("Get", { path: "a" }));
    expect(full.toHex()).toBe("0a0161");
  });

  test("zero in an optional field is on the wire", () => {
    expect(encodeMessage("Get", { length: 0 }).toHex()).toBe("1800");
    expect(encodeMessage("Finish", { size: 0, crc32: 0 }).toHex()).toBe("08001500000000");
  });

  test("nested messages may be partial", () => {
    const entry: Init<Entry> = { modified: { seconds: -1 } };
    expect(decodeMessage("Entry", encodeMessage("Entry", entry)).modified).toEqual({
      seconds: -1,
      nanoseconds: 0,
    });
  });

  const wrong: [keyof Messages, Record<string, unknown>, string][] = [
    ["Get", { offset: 2 ** 53 }, "Get.offset takes uint64, not 9007199254740992"],
    ["Get", { offset: -1 }, "Get.offset takes uint64, not -1"],
    ["Get", { offset: 0.5 }, "Get.offset takes uint64, not 0.5"],
    ["Get", { offset: Number.NaN }, "Get.offset takes uint64, not NaN"],
    ["Get", { offset: 1n }, "Get.offset takes uint64, not 1"],
    ["Get", { offset: "1" }, "Get.offset takes uint64, not 1"],
    ["Timestamp", { seconds: -(2 ** 53) }, "Timestamp.seconds takes int64, not -9007199254740992"],
    ["List", { limit: 2 ** 32 }, "List.limit takes uint32, not 4294967296"],
    ["Data", { crc32: -1 }, "Data.crc32 takes fixed32, not -1"],
    ["Data", { payload: [1] }, "Data.payload takes bytes, not [object Array]"],
    ["Failure", { code: "NO_SUCH_CODE" }, "Failure.code takes Code, not NO_SUCH_CODE"],
    ["Failure", { code: 4 }, "Failure.code takes Code, not 4"],
    ["Failure", { code: "toString" }, "Failure.code takes Code, not toString"],
    ["Failure", { retryable: 1 }, "Failure.retryable takes bool, not 1"],
    ["Stat", { path: null }, "Stat.path takes string, not [object Null]"],
    ["Stat", { path: "\ud800" }, "Stat.path takes string, not \ud800"],
    ["EntryPage", { entries: [1] }, "EntryPage.entries takes Entry, not 1"],
    ["EntryPage", { entries: {} }, "EntryPage.entries takes Entry, not [object Object]"],
  ];
  test.each(wrong)("%s: a wrong value is refused before it is encoded: %p", (name, value, text) => {
    const error = refusal("INTERNAL", () => encodeMessage(name, value));
    expect(error.message).toBe(text);
  });
});

test("a case that the oneof does not have is refused", () => {
  const request = JSON.parse('{ "operation": { "case": "__proto__", "value": {} } }') as object;
  const error = refusal("INTERNAL", () => encodeMessage("Request", request));
  expect(error.message).toBe("Request.operation has no case __proto__");
});

test("protobufjs is left as other users of it expect it", () => {
  expect(protobuf.util.Long).toBeFunction();
  expect(protobuf.roots["default"]).toBeUndefined();
  const reader = protobuf.Reader.create(Uint8Array.of(1));
  const long: unknown = reader.uint64();
  expect(long).toBeInstanceOf(protobuf.util.Long);
  const time: Timestamp = decodeMessage("Timestamp", Uint8Array.of(0x08, 1));
  expect(time.seconds).toBe(1);
});
