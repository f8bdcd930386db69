/** Records of the journal of receipts, as bytes. */
import { sha256 } from "../../hash.ts";
import type { Facts } from "../system/facts.ts";
import type { CommitDigest, DurabilityLevel, NotDone } from "../store.ts";
import { RecordFormat } from "./record-format.ts";

/** Bytes of one record. */
export const RECORD_SIZE = 128;
export const RECEIPT_RECORD = new RecordFormat("rft1", RECORD_SIZE);
/** Bytes that identify an upload: its id, and a hash of its path. */
export const KEY_SIZE = 32;
/** Offsets in a record. */
const AT = {
  id: 4,
  path: 20,
  kind: 36,
  sha256: 40,
  crc32: 72,
  numbers: 76,
  words: 100,
  store: 112,
  attempt: 116,
  end: 124,
} as const;
const KINDS = ["void", "fsync", "none"] as const;
const VOID = KINDS.indexOf("void");
/** Bits in the fourth byte of the kind. */
const NOT_DONE = { mode: 1, modified: 2, sync: 4 } as const;
/** The third byte of the kind. */
const INTENT = 1;
const PUBLISHED = 2;

/** A commit that is about to happen. */
export interface Intent extends CommitDigest {
  readonly durability: DurabilityLevel;
  readonly notDone?: NotDone | undefined;
  /** Of the partial, just before it is published. */
  readonly facts: Pick<
    Facts,
    "size" | "inodeLow" | "inodeHigh" | "device" | "modifiedSeconds" | "modifiedNanoseconds"
  >;
}

/** All that the journal says of one try of an upload. */
export interface CommitRecord extends Intent {
  /** It has happened. If not, only the intent is known. */
  readonly published: boolean;
  /** The number of the store that wrote it. */
  readonly store: number;
}

/** @param attempt tells the tries of one store apart */
export function encodeIntent(
  uploadId: Uint8Array,
  path: string,
  intent: Intent,
  { store, attempt }: { store: number; attempt: number },
): Buffer {
  const bytes = RECEIPT_RECORD.create();
  putKey(bytes, AT.id, uploadId, path);
  bytes[AT.kind] = KINDS.indexOf(intent.durability);
  bytes[AT.kind + 2] = INTENT;
  bytes[AT.kind + 3] = bitsOf(intent.notDone);
  bytes.writeUInt32LE(intent.crc32, AT.crc32);
  if (intent.sha256 !== undefined) {
    bytes.set(intent.sha256, AT.sha256);
    bytes[AT.kind + 1] = 1;
  }
  const { facts } = intent;
  bytes.writeDoubleLE(facts.size, AT.numbers);
  bytes.writeDoubleLE(facts.device, AT.numbers + 8);
  bytes.writeDoubleLE(facts.modifiedSeconds, AT.numbers + 16);
  bytes.writeUInt32LE(facts.inodeLow, AT.words);
  bytes.writeUInt32LE(facts.inodeHigh, AT.words + 4);
  bytes.writeUInt32LE(facts.modifiedNanoseconds, AT.words + 8);
  bytes.writeUInt32LE(store, AT.store);
  bytes.writeUInt32LE(attempt, AT.attempt);
  return RECEIPT_RECORD.seal(bytes);
}

/** Changes an intent into the record that the commit has happened. */
export function markPublished(intent: Buffer): Buffer {
  intent[AT.kind + 2] = PUBLISHED;
  return RECEIPT_RECORD.seal(intent);
}

/** Changes an intent into the record that the commit has not happened, and will not. */
export function markVoid(intent: Buffer): Buffer {
  intent[AT.kind] = VOID;
  return RECEIPT_RECORD.seal(intent);
}

function putKey(into: Buffer, at: number, uploadId: Uint8Array, path: string): void {
  into.set(uploadId, at);
  sha256(path).copy(into, at + 16, 0, KEY_SIZE - 16);
}

/** Identifies the upload of a record, as a key of maps. */
export function keyIn(record: Buffer): string {
  return record.toString("latin1", AT.id, AT.id + KEY_SIZE);
}

/** The same for an upload without a record. */
export function keyOf(uploadId: Uint8Array, path: string): string {
  const bytes = Buffer.alloc(KEY_SIZE);
  putKey(bytes, 0, uploadId, path);
  return bytes.toString("latin1");
}

/** The upload id of the record that begins there. */
export function idAt(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + AT.id, at + AT.path);
}

/**
 * Decodes all records of one upload: the last one of each try, whatever their order. Tries whose commit did
 * not happen are left out.
 * @param records whole ones, of one upload id
 */
export function decodeRecords(records: readonly Buffer[], uploadId: Uint8Array, path: string) {
  const key = keyOf(uploadId, path);
  const withdrawn = new Set<string>();
  const found = new Map<string, CommitRecord>();
  for (const record of records) {
    const attempt = record.toString("latin1", AT.store, AT.end);
    if (record[AT.kind] === VOID) withdrawn.add(attempt);
    else if (keyIn(record) === key && found.get(attempt)?.published !== true) {
      const decoded = decode(record);
      if (decoded !== undefined) found.set(attempt, decoded);
    }
  }
  return [...found].filter(([attempt]) => !withdrawn.has(attempt)).map(([, record]) => record);
}

function bitsOf({ mode, modified, sync }: NotDone = {}): number {
  const bit = (isIt: boolean | undefined, value: number): number => (isIt === true ? value : 0);
  return bit(mode, NOT_DONE.mode) | bit(modified, NOT_DONE.modified) | bit(sync, NOT_DONE.sync);
}

function notDoneIn(bits: number): NotDone | undefined {
  if (bits === 0) return undefined;
  const has = (bit: number): boolean => (bits & bit) !== 0;
  return { mode: has(NOT_DONE.mode), modified: has(NOT_DONE.modified), sync: has(NOT_DONE.sync) };
}

function decode(bytes: Buffer): CommitRecord | undefined {
  const durability = KINDS[bytes[AT.kind]!];
  if (durability === undefined || durability === "void") return undefined;
  const number = (index: number): number => bytes.readDoubleLE(AT.numbers + 8 * index);
  const word = (index: number): number => bytes.readUInt32LE(AT.words + 4 * index);
  return {
    durability,
    notDone: notDoneIn(bytes[AT.kind + 3]!),
    published: bytes[AT.kind + 2] === PUBLISHED,
    store: bytes.readUInt32LE(AT.store),
    crc32: bytes.readUInt32LE(AT.crc32),
    sha256:
      bytes[AT.kind + 1] === 1 ? new Uint8Array(bytes.subarray(AT.sha256, AT.crc32)) : undefined,
    facts: {
      size: number(0),
      device: number(1),
      modifiedSeconds: number(2),
      inodeLow: word(0),
      inodeHigh: word(1),
      modifiedNanoseconds: word(2),
    },
  };
}
