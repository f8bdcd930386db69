/**
 * The journal of commits: what an upload was answered with, noted before its name appears, so that a
 * client whose connection went before the receipt came can ask again. `.leat/receipts` in the library,
 * a file for some hours, appended by every process that serves it. It outlives the process; it is not
 * synced, so a power cut may take the last notes with it.
 *
 * A note says that a commit was about to happen. Whether it did, the file system tells: the partial has
 * gone from its place. Where a commit failed, and where a partial is removed, that is noted, too.
 */

import { closeSync, constants, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { LeatError } from "../errors.ts";
import { crc32, sha256 } from "../hash.ts";
import { MiB, RECEIPT_RETENTION } from "../limits.ts";
import type { Folder } from "./beneath.ts";
import type { Facts } from "./facts.ts";
import { isGone } from "./partials.ts";
import { readLater } from "./thread-pool.ts";
import type { CommitDigest, DurabilityLevel } from "./store.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** One note. */
const SIZE = 128;
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
} as const;
const MAGIC = 0x31746672; // "rft1"
const KINDS = ["void", "fsync", "none"] as const;

/** A note is summed here: a view of each for that would be one more thing to collect. */
const summed = Buffer.alloc(SIZE);
const summedHead = summed.subarray(0, SIZE - 4);

/** Hours of one file of the journal. */
const SPAN = RECEIPT_RETENTION / 8;

/** Whether the partial had a name of its own; one that had none, and has got the one it was to get. */
export type PartialState = "named" | "unnamed" | "published";
const STATES: readonly PartialState[] = ["named", "unnamed", "published"];

export interface CommitNote extends CommitDigest {
  readonly durability: DurabilityLevel;
  readonly state: PartialState;
  /** The partial just before it got its name. */
  readonly facts: Pick<
    Facts,
    "size" | "inodeLow" | "inodeHigh" | "device" | "modifiedSeconds" | "modifiedNanoseconds"
  >;
}

export class Receipts implements Disposable {
  readonly #folder: Folder;
  #confirmed: Buffer[] = [];
  #open: { readonly span: number; readonly fd: number } | undefined;
  /** One look at a time: each reads what a day has left. */
  #looking: Promise<unknown> = Promise.resolve();

  /** @param folder ours from now on */
  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** A commit is about to happen. @returns what was noted @throws NO_SPACE, IO_ERROR */
  promise(uploadId: Uint8Array, path: string, note: CommitNote): Buffer {
    const bytes = record(uploadId, path, note.durability);
    bytes[AT.kind + 2] = STATES.indexOf(note.state);
    bytes.writeUInt32LE(note.crc32, AT.crc32);
    if (note.sha256 !== undefined) {
      bytes.set(note.sha256, AT.sha256);
      bytes[AT.kind + 1] = 1;
    }
    const { facts } = note;
    bytes.writeDoubleLE(facts.size, AT.numbers);
    bytes.writeDoubleLE(facts.device, AT.numbers + 8);
    bytes.writeDoubleLE(facts.modifiedSeconds, AT.numbers + 16);
    bytes.writeUInt32LE(facts.inodeLow, AT.words);
    bytes.writeUInt32LE(facts.inodeHigh, AT.words + 4);
    bytes.writeUInt32LE(facts.modifiedNanoseconds, AT.words + 8);
    this.#append(bytes);
    return bytes;
  }

  /**
   * It did happen. Noted with others of this turn of the event loop: until then what has the name
   * tells the same.
   * @param bytes that were noted before
   */
  confirm(bytes: Buffer): void {
    bytes[AT.kind + 2] = STATES.indexOf("published");
    if (this.#confirmed.push(bytes) === 1) setImmediate(() => this.#noteConfirmed());
  }

  /** It did not happen, and will not. */
  withdraw(uploadId: Uint8Array): void {
    this.#append(record(uploadId, "", "void"));
  }

  /** The last note of an upload, unless it was withdrawn. */
  find(uploadId: Uint8Array, path: string): Promise<CommitNote | undefined> {
    const looking = this.#looking.then(() => this.#find(uploadId, path));
    this.#looking = looking.catch(() => {});
    return looking;
  }

  /** Whether somebody removed the folder. */
  get isGone(): boolean {
    return isGone(this.#folder);
  }

  [Symbol.dispose](): void {
    this.#noteConfirmed();
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
    this.#folder[Symbol.dispose]();
  }

  #noteConfirmed(): void {
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    if (confirmed.length === 0) return;
    try {
      this.#append(...confirmed);
    } catch {
      // The notes from before stand.
    }
  }

  #append(...notes: readonly Buffer[]): void {
    for (const note of notes) {
      summed.set(note);
      note.writeUInt32LE(crc32(summedHead), SIZE - 4);
    }
    const bytes = notes.length === 1 ? notes[0]! : Buffer.concat(notes);
    try {
      const written = writeSync(this.#current(), bytes);
      if (written !== bytes.length)
        throw new LeatError("NO_SPACE", "no space is left for a receipt");
    } catch (error) {
      throw LeatError.from(error, "cannot note a receipt");
    }
  }

  #current(): number {
    const span = Math.floor(Date.now() / SPAN);
    if (this.#open?.span === span) return this.#open.fd;
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
    this.#clean(span);
    const path = this.#folder.at(String(span));
    this.#open = { span, fd: openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600) };
    return this.#open.fd;
  }

  /** Removes what is older than a receipt is kept. */
  #clean(span: number): void {
    for (const name of this.#spans()) {
      if (Number(name) < span - RECEIPT_RETENTION / SPAN) unlinkSync(this.#folder.at(name));
    }
  }

  /** The files of the journal, the newest first. */
  #spans(): string[] {
    const names = readdirSync(this.#folder.path).filter((name) => /^\d{1,12}$/.test(name));
    return names.toSorted((a, b) => Number(b) - Number(a));
  }

  async #find(uploadId: Uint8Array, path: string): Promise<CommitNote | undefined> {
    const wanted = record(uploadId, path, "void").subarray(0, AT.kind);
    const own = wanted.subarray(0, AT.path);
    for (const name of this.#spans()) {
      const fd = openSync(this.#folder.at(name), O_RDONLY | O_NOFOLLOW);
      try {
        const found = await lastIn(fd, own);
        if (found?.subarray(0, AT.kind).equals(wanted) === true) return noteOf(found);
        if (found !== undefined) return undefined; // withdrawn, or of another path
      } finally {
        closeSync(fd);
      }
    }
    return undefined;
  }
}

function record(uploadId: Uint8Array, path: string, kind: (typeof KINDS)[number]): Buffer {
  const bytes = Buffer.alloc(SIZE);
  bytes.writeUInt32LE(MAGIC, AT.magic);
  bytes.set(uploadId, AT.id);
  sha256(path).copy(bytes, AT.path, 0, AT.kind - AT.path);
  bytes[AT.kind] = KINDS.indexOf(kind);
  return bytes;
}

/** The last whole note in a file that begins with these bytes. */
async function lastIn(fd: number, wanted: Uint8Array): Promise<Buffer | undefined> {
  const chunk = Buffer.alloc(MiB + SIZE);
  let found: Buffer | undefined;
  for (let position = 0; ; position += MiB) {
    // Chunks overlap, so that no note is cut: a torn one may have moved those behind it.
    const bytesRead = await readLater(fd, chunk, position);
    const bytes = chunk.subarray(0, bytesRead);
    for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) {
      const note = bytes.subarray(at, at + SIZE);
      if (note.length < SIZE) break;
      if (crc32(note.subarray(0, SIZE - 4)) === note.readUInt32LE(SIZE - 4))
        found = Buffer.from(note);
    }
    if (bytesRead < chunk.length) return found;
  }
}

function noteOf(bytes: Buffer): CommitNote | undefined {
  const durability = KINDS[bytes[AT.kind]!];
  if (durability === undefined || durability === "void") return undefined;
  const number = (index: number): number => bytes.readDoubleLE(AT.numbers + 8 * index);
  const word = (index: number): number => bytes.readUInt32LE(AT.words + 4 * index);
  return {
    durability,
    state: STATES[bytes[AT.kind + 2]!] ?? "named",
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
