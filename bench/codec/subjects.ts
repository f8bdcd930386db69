/** Every body that a frame can have, as it is often sent; Data and list pages in their sizes. */
import { KiB, MiB } from "../../src/limits.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { MAGIC } from "../../src/wire/opening.ts";

export interface Subject {
  readonly name: string;
  readonly body: FrameBodyInit;
}

/** The stream of all frames here; those of the connection have 0, but their size is what counts. */
export const STREAM = 3;

const CRC = 0x12345678;
const ID = Uint8Array.from({ length: 16 }, (_, index) => 17 * index);
const MODIFIED = { seconds: 1_780_000_000, nanoseconds: 123_456_789 };
const ENTRY = {
  name: "summer.jpg",
  kind: "FILE",
  size: 123_456_789,
  modified: MODIFIED,
  version: "5f2b1c9a70d34e86",
  mode: 0o644,
} as const;

function data(size: number): Subject {
  const payload = Uint8Array.from({ length: size }, (_, index) => 31 * index);
  const value = { offset: 5 * MiB, crc32: CRC, payload };
  const name = size < MiB ? `${size / KiB} KiB` : `${size / MiB} MiB`;
  return { name: `Data ${name}`, body: { case: "data", value } };
}

function page(count: number): Subject {
  const entries = Array.from({ length: count }, (_, index) => {
    return { name: `holiday-${index}.jpg`, kind: "FILE", size: index, modified: MODIFIED } as const;
  });
  const result = { case: "list", value: { entries } } as const;
  return { name: `Response (list of ${count})`, body: { case: "response", value: { result } } };
}

const path = "photos/2026/summer.jpg";
const put = { path, uploadId: ID, size: ENTRY.size, modified: MODIFIED, ifExists: "FAIL" } as const;

const hello = {
  magic: MAGIC,
  minimumVersion: 1,
  maximumVersion: 1,
  initialWindow: 4 * MiB,
  agent: "leat/0.1.0",
};
const welcome = { magic: MAGIC, version: 1, maxStreams: 64, initialWindow: 64 * KiB };

export const SUBJECTS: readonly Subject[] = [
  ...[4 * KiB, 64 * KiB, MiB].map(data),
  named("Hole", { case: "hole", value: { offset: 5 * MiB, length: 64 * MiB, crc32: CRC } }),
  named("Credit", { case: "credit", value: { bytes: 524_288 } }),
  named("Request (get)", {
    case: "request",
    value: { operation: { case: "get", value: { path } } },
  }),
  named("Request (put)", {
    case: "request",
    value: { operation: { case: "put", value: put } },
  }),
  named("Response (get)", {
    case: "response",
    value: { result: { case: "get", value: { entry: ENTRY, offset: 0, length: ENTRY.size } } },
  }),
  page(100),
  named("Finish", { case: "finish", value: { size: ENTRY.size, crc32: CRC } }),
  named("Receipt", {
    case: "receipt",
    value: { entry: ENTRY, crc32: CRC, durability: "DURABILITY_FSYNC", uploadId: ID },
  }),
  named("Failure", {
    case: "failure",
    value: { code: "NOT_FOUND", message: `there is no "${path}"` },
  }),
  named("Resend", { case: "resend", value: { offset: 5 * MiB, length: MiB } }),
  named("Cancel", { case: "cancel", value: {} }),
  named("Ping", { case: "ping", value: { nonce: 987_654_321 } }),
  named("Pong", { case: "pong", value: { nonce: 987_654_321 } }),
  named("Hello", { case: "hello", value: hello }),
  named("Welcome", { case: "welcome", value: welcome }),
  named("GoAway", {
    case: "goAway",
    value: { lastStream: 41, code: "UNAVAILABLE", message: "the server is stopping" },
  }),
];

function named(name: string, body: FrameBodyInit): Subject {
  return { name, body };
}
