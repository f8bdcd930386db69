/** A note in the journal of receipts, as bytes: what of a commit is known to every process. */
import { crc32, sha256 } from "../../hash.ts";
import type { Facts } from "../system/facts.ts";
import type { CommitDigest, DurabilityLevel, NotDone } from "../store.ts";

/** Bytes of one note. */
export const RECORD_SIZE = 128;
/** Bytes that say which upload it is: the id, and a hash of the path. */
export const KEY_SIZE = 32;
/** Where it is what, from its start; the CRC of all before it stands at its end. */
const AT = {
  magic: 0,
  id: 4,
  path: 20,
  kind: 36,
  sha256: 40,
  crc32: 72,
  numbers: 76,
  words: 100,
  maker: 112,
  attempt: 116,
  sum: RECORD_SIZE - 4,
} as const;
const MAGIC = 0x31746672; // "rft1"
export const RECORD_MAGIC = Buffer.from([0x72, 0x66, 0x74, 0x31]);
const KINDS = ["void", "fsync", "none"] as const;
const VOID = KINDS.indexOf("void");
/** One bit each, in the fourth byte of the kind. */
const NOT_DONE = { mode: 1, modified: 2, sync: 4 } as const;
const PROMISED = 1;
const PUBLISHED = 2;

/** A note is summed here: a view of each for that would be one more thing to collect. */
const summed = Buffer.alloc(RECORD_SIZE);
const summedHead = summed.subarray(0, AT.sum);

/** Of one try of an upload: what it was about to commit, and whether it did. */
export interface CommitRecord extends CommitDigest {
  readonly durability: DurabilityLevel;
  readonly notDone?: NotDone | undefined;
  /** It has happened; if not, nothing is known beyond that it was about to. */
  readonly published: boolean;
  /** The store that noted it. */
  readonly maker: number;
  /** The partial just before it got its name. */
  readonly facts: Pick<
    Facts,
    "size" | "inodeLow" | "inodeHigh" | "device" | "modifiedSeconds" | "modifiedNanoseconds"
  >;
}

/** The parts of a note. @param attempt tells the tries of one maker apart */
export interface RecordInit extends CommitDigest {
  readonly durability: DurabilityLevel;
  readonly notDone?: NotDone | undefined;
  readonly maker: number;
  readonly attempt: number;
  readonly facts: CommitRecord["facts"];
}

/** A commit is about to happen. */
export function encodeIntent(uploadId: Uint8Array, path: string, init: RecordInit): Buffer {
  const bytes = Buffer.alloc(RECORD_SIZE);
  bytes.writeUInt32LE(MAGIC, AT.magic);
  putKey(bytes, AT.id, uploadId, path);
  bytes[AT.kind] = KINDS.indexOf(init.durability);
  bytes[AT.kind + 2] = PROMISED;
  bytes[AT.kind + 3] = bitsOf(init.notDone);
  bytes.writeUInt32LE(init.crc32, AT.crc32);
  if (init.sha256 !== undefined) {
    bytes.set(init.sha256, AT.sha256);
    bytes[AT.kind + 1] = 1;
  }
  const { facts } = init;
  bytes.writeDoubleLE(facts.size, AT.numbers);
  bytes.writeDoubleLE(facts.device, AT.numbers + 8);
  bytes.writeDoubleLE(facts.modifiedSeconds, AT.numbers + 16);
  bytes.writeUInt32LE(facts.inodeLow, AT.words);
  bytes.writeUInt32LE(facts.inodeHigh, AT.words + 4);
  bytes.writeUInt32LE(facts.modifiedNanoseconds, AT.words + 8);
  bytes.writeUInt32LE(init.maker, AT.maker);
  bytes.writeUInt32LE(init.attempt, AT.attempt);
  sum(bytes);
  return bytes;
}

/** The same note, when it has happened. */
export function markPublished(promise: Buffer): Buffer {
  promise[AT.kind + 2] = PUBLISHED;
  sum(promise);
  return promise;
}

/** The same note, when it has not happened, and will not. */
export function markVoid(promise: Buffer): Buffer {
  promise[AT.kind] = VOID;
  sum(promise);
  return promise;
}

function putKey(into: Buffer, at: number, uploadId: Uint8Array, path: string): void {
  into.set(uploadId, at);
  sha256(path).copy(into, at + 16, 0, KEY_SIZE - 16);
}

/** Which upload a note is of, as a key of maps. */
export function keyIn(note: Buffer): string {
  return note.toString("latin1", AT.id, AT.id + KEY_SIZE);
}

/** The same, of an upload without a note. */
export function keyOf(uploadId: Uint8Array, path: string): string {
  const bytes = Buffer.alloc(KEY_SIZE);
  putKey(bytes, 0, uploadId, path);
  return bytes.toString("latin1");
}

function sum(note: Buffer): void {
  summed.set(note);
  note.writeUInt32LE(crc32(summedHead), AT.sum);
}

/** Whether a whole note stands there. */
export function isRecord(bytes: Buffer, at: number): boolean {
  if (at + RECORD_SIZE > bytes.length || bytes.readUInt32LE(at + AT.magic) !== MAGIC) return false;
  return crc32(bytes.subarray(at, at + AT.sum)) === bytes.readUInt32LE(at + AT.sum);
}

/** The upload id of a note that stands there. */
export function idAt(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + AT.id, at + AT.path);
}

/**
 * All notes of one upload together: of each try the last word, whatever their order. A try
 * that was called off is left out.
 * @param notes whole ones, of one upload id
 */
export function summarizeRecords(notes: readonly Buffer[], uploadId: Uint8Array, path: string) {
  const key = keyOf(uploadId, path);
  const called = new Set<string>();
  const found = new Map<string, CommitRecord>();
  for (const note of notes) {
    const attempt = note.toString("latin1", AT.maker, AT.sum);
    if (note[AT.kind] === VOID) called.add(attempt);
    else if (keyIn(note) === key && found.get(attempt)?.published !== true) {
      const decoded = decode(note);
      if (decoded !== undefined) found.set(attempt, decoded);
    }
  }
  return [...found].filter(([attempt]) => !called.has(attempt)).map(([, note]) => note);
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
    maker: bytes.readUInt32LE(AT.maker),
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
