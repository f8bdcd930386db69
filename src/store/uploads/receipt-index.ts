/**
 * Finds the notes of one upload in a file of the journal of receipts, without reading all of it: where
 * many notes are behind those that were indexed before, the next look notes of each where it stands, in
 * one of 64 files by the first bits of its upload id. So a server whose clients never ask again writes
 * no index; one whose clients do reads each note once.
 *
 * `index/<span>.<shard>` has 12 bytes for each note: 4 of its id, and where it stands. How much of the
 * journal that covers stands in `index/<span>.end`, whose lock is held while it is extended. Killed in
 * between, it does the same again: that a note is found twice does no harm.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { LeatError } from "../../errors.ts";
import { INDEX_TAIL, MiB, NOTES_OF_UPLOAD } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { Descriptor } from "../system/descriptor.ts";
import { Lock } from "../system/locks.ts";
import { idAt, isRecord, RECORD_MAGIC, RECORD_SIZE } from "./receipt-record.ts";
import { isSystemError } from "../system/system-error.ts";
import { readLater } from "../system/thread-pool.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY } = constants;

export const INDEX_FOLDER = "index";
const ENTRY = 12;
/** Bytes of the journal that are read at once. */
const CHUNK = MiB;
/** Milliseconds between two looks while another process extends the index, and looks at most. */
const PAUSE = 10;
const PAUSES = 200;

/** One of 64. */
const shardOf = (id: Uint8Array): number => id[0]! >> 2;

/** One look for one upload. */
export interface Query {
  readonly id: Uint8Array;
  /** Nobody wants to know any more. */
  readonly isOver: () => boolean;
}

export class ReceiptIndex {
  readonly #folder: Folder;
  /** One look at a time uses it. */
  readonly #chunk = Buffer.alloc(CHUNK);

  /** @param folder of the journal; stays the caller's */
  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /**
   * The whole notes of an upload in one file, in no order. One call at a time.
   * @throws the system's error; CANCELLED when it is over
   */
  async find(span: string, look: Query): Promise<Buffer[]> {
    const fd = openOrNone(this.#folder.pathOf(span), O_RDONLY);
    if (fd === undefined) return []; // too old by now
    using file = new Descriptor(fd);
    const indexed = await this.#extended(span, file.fd, look);
    const found = indexed === 0 ? [] : await this.#indexed(span, file.fd, look);
    const behind: Buffer[] = [];
    await this.#each(file.fd, indexed, look, (bytes) => {
      for (let at = bytes.indexOf(look.id); at !== -1; at = bytes.indexOf(look.id, at + 1)) {
        const start = at - RECORD_MAGIC.length;
        if (start >= 0 && isRecord(bytes, start)) behind.push(copyOf(bytes, start));
      }
      if (behind.length > NOTES_OF_UPLOAD) behind.splice(0, behind.length - NOTES_OF_UPLOAD);
      return bytes.length - RECORD_SIZE;
    });
    return [...found, ...behind];
  }

  /** How far the index reaches, so that not much is left behind it. */
  async #extended(span: string, journal: number, look: Query): Promise<number> {
    const end = `${INDEX_FOLDER}/${span}.end`;
    for (let pause = 0; ; pause += 1) {
      mustGoOn(look);
      const indexed = readEnd(this.#folder.pathOf(end));
      if (fstatSync(journal).size - indexed <= INDEX_TAIL || pause === PAUSES) return indexed;
      makeFolder(this.#folder.pathOf(INDEX_FOLDER));
      using file = new Descriptor(
        openSync(this.#folder.pathOf(end), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600),
      );
      const lock = Lock.take(file.fd);
      if (lock === undefined) {
        await Bun.sleep(PAUSE);
        continue;
      }
      try {
        return await this.#extend(span, journal, file.fd, look);
      } catch (error) {
        if (look.isOver()) throw error;
        return endIn(file.fd); // no space for it, perhaps: then the rest is read
      } finally {
        lock.release();
      }
    }
  }

  /** @param end the file that says how far it reaches, locked */
  async #extend(span: string, journal: number, end: number, look: Query): Promise<number> {
    const from = endIn(end);
    let covered = from;
    await this.#each(journal, from, look, (bytes, position) => {
      const shards = new Map<number, number[]>();
      const behind = eachNote(bytes, (at) => {
        const id = idAt(bytes, at);
        const shard = shardOf(id);
        const list = shards.get(shard) ?? [];
        if (list.length === 0) shards.set(shard, list);
        list.push(id.readUInt32LE(1), position + at);
      });
      for (const [shard, list] of shards) append(this.#folder.pathOf(shardName(span, shard)), list);
      covered = position + behind;
      writeEnd(end, covered);
      return behind;
    });
    return covered;
  }

  async #indexed(span: string, journal: number, { id, isOver }: Query): Promise<Buffer[]> {
    const fd = openOrNone(this.#folder.pathOf(shardName(span, shardOf(id))), O_RDONLY);
    if (fd === undefined) return [];
    using file = new Descriptor(fd);
    const entries = Buffer.alloc(fstatSync(file.fd).size);
    const length = await readLater(file.fd, entries, 0);
    const wanted = Buffer.from(id.buffer, id.byteOffset, id.length).readUInt32LE(1);
    const found: Buffer[] = [];
    let left = NOTES_OF_UPLOAD;
    for (let at = length - (length % ENTRY) - ENTRY; at >= 0 && left > 0; at -= ENTRY) {
      if (entries.readUInt32LE(at) !== wanted) continue;
      left -= 1;
      mustGoOn({ isOver });
      const note = Buffer.alloc(RECORD_SIZE);
      const bytesRead = await readLater(journal, note, entries.readDoubleLE(at + 4));
      if (bytesRead === RECORD_SIZE && isRecord(note, 0) && idAt(note, 0).equals(id))
        found.push(note);
    }
    return found;
  }

  /**
   * Reads from `from` to the end.
   * @param take is given what was read, and answers how much of it is done with: a note may be cut
   */
  async #each(
    fd: number,
    from: number,
    look: Pick<Query, "isOver">,
    take: (bytes: Buffer, position: number) => number,
  ): Promise<void> {
    for (let position = from; ;) {
      mustGoOn(look);
      const bytesRead = await readLater(fd, this.#chunk, position);
      const done = take(this.#chunk.subarray(0, bytesRead), position);
      if (bytesRead < CHUNK) return;
      position += done;
    }
  }
}

/** @returns where the last whole note ended, or what may become one begins */
function eachNote(bytes: Buffer, take: (at: number) => void): number {
  let at = 0;
  while (at + RECORD_SIZE <= bytes.length) {
    if (isRecord(bytes, at)) {
      take(at);
      at += RECORD_SIZE;
      continue;
    }
    // One was cut short when the disk was full, and moved those behind it.
    const next = bytes.indexOf(RECORD_MAGIC, at + 1);
    at = next === -1 ? bytes.length - (RECORD_MAGIC.length - 1) : next;
  }
  return at;
}

function copyOf(bytes: Buffer, at: number): Buffer {
  return Buffer.from(bytes.subarray(at, at + RECORD_SIZE));
}

const shardName = (span: string, shard: number): string =>
  `${INDEX_FOLDER}/${span}.${shard.toString(16).padStart(2, "0")}`;

/** @param list of four bytes of an id and a position, in turn */
function append(path: string, list: readonly number[]): void {
  const bytes = Buffer.alloc((list.length / 2) * ENTRY);
  for (let n = 0; n < list.length; n += 2) {
    bytes.writeUInt32LE(list[n]!, (n / 2) * ENTRY);
    bytes.writeDoubleLE(list[n + 1]!, (n / 2) * ENTRY + 4);
  }
  using file = new Descriptor(openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600));
  const { size } = fstatSync(file.fd);
  if (size % ENTRY !== 0) ftruncateSync(file.fd, size - (size % ENTRY));
  if (writeSync(file.fd, bytes) === bytes.length) return;
  throw new LeatError("NO_SPACE", "no space is left for the index of receipts");
}

/** @returns 0 where nothing is indexed */
function readEnd(path: string): number {
  const fd = openOrNone(path, O_RDONLY);
  if (fd === undefined) return 0;
  try {
    return endIn(fd);
  } finally {
    closeSync(fd);
  }
}

function endIn(fd: number): number {
  const bytes = Buffer.alloc(8);
  return readSync(fd, bytes, 0, 8, 0) === 8 ? bytes.readDoubleLE(0) : 0;
}

function writeEnd(fd: number, end: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(end, 0);
  writeSync(fd, bytes, 0, 8, 0);
}

function openOrNone(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags | O_NOFOLLOW);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  }
}

function mustGoOn({ isOver }: Pick<Query, "isOver">): void {
  if (isOver()) throw new LeatError("CANCELLED", "nobody asks for the upload any more");
}
