/**
 * Finds the records of one upload in a file of the journal of receipts, without reading all of it. A query
 * that finds many records behind the indexed ones extends the index first. So a server whose clients never
 * ask for a receipt writes no index, and one whose clients do reads each record once.
 *
 * The index has 64 shards, by the first bits of the upload id: `index/<span>.<shard>` has 12 bytes for each
 * record, 4 of its id and 8 of its offset. `index/<span>.end` has the length of the journal that is indexed,
 * and its lock is held while the index is extended. After a kill in between some records are indexed
 * twice, which does no harm.
 */
import {
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
import { idAt, RECEIPT_RECORD, RECORD_SIZE } from "./receipt-record.ts";
import { tolerate } from "../system/system-error.ts";
import { readLater } from "../system/thread-pool.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY } = constants;

export const INDEX_FOLDER = "index";
const ENTRY = 12;
/** Bytes of the journal that are read at once. */
const CHUNK = MiB;
/** Milliseconds between two checks whether another process still extends the index; checks at most. */
const PAUSE = 10;
const PAUSES = 200;

const shardOf = (id: Uint8Array): number => id[0]! >> 2;

interface Query {
  /** The upload id. */
  readonly id: Uint8Array;
  /** Whether the answer is no longer wanted. */
  readonly isOver: () => boolean;
}

export class ReceiptIndex {
  readonly #folder: Folder;
  /** Used by one query at a time. */
  readonly #chunk = Buffer.alloc(CHUNK);

  /** @param folder of the journal; stays the caller's */
  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /**
   * Finds the records of an upload in one file of the journal, unsorted. One call at a time.
   * @throws the system's error; CANCELLED when it is over
   */
  async find(span: string, query: Query): Promise<Buffer[]> {
    using file = openIfThere(this.#folder.pathOf(span));
    if (file === undefined) return []; // it was too old, and has been removed
    const indexed = await this.#extended(span, file.fd, query);
    const found = indexed === 0 ? [] : await this.#indexed(span, file.fd, query);
    const behind: Buffer[] = [];
    await this.#each(file.fd, indexed, query.isOver, (bytes) => {
      for (let at = bytes.indexOf(query.id); at !== -1; at = bytes.indexOf(query.id, at + 1)) {
        const start = at - RECEIPT_RECORD.magic.length;
        if (start < 0 || !RECEIPT_RECORD.isAt(bytes, start)) continue;
        behind.push(Buffer.from(bytes.subarray(start, start + RECORD_SIZE))); // a copy
      }
      if (behind.length > NOTES_OF_UPLOAD) behind.splice(0, behind.length - NOTES_OF_UPLOAD);
      return bytes.length - RECORD_SIZE;
    });
    return [...found, ...behind];
  }

  /** Extends the index unless little is missing. @returns the length of the journal that is indexed */
  async #extended(span: string, journal: number, query: Query): Promise<number> {
    const end = `${INDEX_FOLDER}/${span}.end`;
    for (let pause = 0; ; pause += 1) {
      mustGoOn(query.isOver);
      const indexed = readEnd(this.#folder.pathOf(end));
      if (fstatSync(journal).size - indexed <= INDEX_TAIL || pause === PAUSES) return indexed;
      tolerate("EEXIST", () => mkdirSync(this.#folder.pathOf(INDEX_FOLDER), { mode: 0o700 }));
      using file = new Descriptor(
        openSync(this.#folder.pathOf(end), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600),
      );
      using lock = Lock.take(file.fd);
      if (lock === undefined) {
        await Bun.sleep(PAUSE);
        continue;
      }
      try {
        return await this.#extend(span, journal, file.fd, query);
      } catch (error) {
        if (query.isOver()) throw error;
        return endIn(file.fd); // perhaps the disk is full: then the journal itself is read
      }
    }
  }

  /** @param end the file with the length that is indexed, locked @returns the new length */
  async #extend(span: string, journal: number, end: number, query: Query): Promise<number> {
    const from = endIn(end);
    let covered = from;
    await this.#each(journal, from, query.isOver, (bytes, position) => {
      const shards = new Map<number, number[]>();
      let at = RECEIPT_RECORD.find(bytes, 0);
      for (; at + RECORD_SIZE <= bytes.length; at = RECEIPT_RECORD.find(bytes, at + RECORD_SIZE)) {
        const id = idAt(bytes, at);
        const shard = shardOf(id);
        const list = shards.get(shard) ?? [];
        if (list.length === 0) shards.set(shard, list);
        list.push(id.readUInt32LE(1), position + at);
      }
      for (const [shard, list] of shards) append(this.#folder.pathOf(shardName(span, shard)), list);
      covered = position + at;
      writeEnd(end, covered);
      return at;
    });
    return covered;
  }

  async #indexed(span: string, journal: number, { id, isOver }: Query): Promise<Buffer[]> {
    using file = openIfThere(this.#folder.pathOf(shardName(span, shardOf(id))));
    if (file === undefined) return [];
    const entries = Buffer.alloc(fstatSync(file.fd).size);
    const length = await readLater(file.fd, entries, 0);
    const wanted = Buffer.from(id.buffer, id.byteOffset, id.length).readUInt32LE(1);
    const found: Buffer[] = [];
    let left = NOTES_OF_UPLOAD;
    for (let at = length - (length % ENTRY) - ENTRY; at >= 0 && left > 0; at -= ENTRY) {
      if (entries.readUInt32LE(at) !== wanted) continue;
      left -= 1;
      mustGoOn(isOver);
      const record = Buffer.alloc(RECORD_SIZE);
      const bytesRead = await readLater(journal, record, entries.readDoubleLE(at + 4));
      if (bytesRead === RECORD_SIZE && RECEIPT_RECORD.isAt(record, 0) && idAt(record, 0).equals(id))
        found.push(record);
    }
    return found;
  }

  /**
   * Reads the journal from `from` to its end.
   * @param take returns how many of the bytes it has processed: the last record may be incomplete
   */
  async #each(
    fd: number,
    from: number,
    isOver: Query["isOver"],
    take: (bytes: Buffer, position: number) => number,
  ): Promise<void> {
    for (let position = from; ;) {
      mustGoOn(isOver);
      const bytesRead = await readLater(fd, this.#chunk, position);
      const done = take(this.#chunk.subarray(0, bytesRead), position);
      if (bytesRead < CHUNK) return;
      position += done;
    }
  }
}

const shardName = (span: string, shard: number): string =>
  `${INDEX_FOLDER}/${span}.${shard.toString(16).padStart(2, "0")}`;

/** @param list four bytes of an id, then an offset, for each record */
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

/** @returns the length of the journal that is indexed */
function readEnd(path: string): number {
  using file = openIfThere(path);
  return file === undefined ? 0 : endIn(file.fd);
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

/** @returns undefined when it does not exist */
function openIfThere(path: string): Descriptor | undefined {
  return tolerate("ENOENT", () => new Descriptor(openSync(path, O_RDONLY | O_NOFOLLOW)));
}

function mustGoOn(isOver: Query["isOver"]): void {
  if (isOver()) throw new LeatError("CANCELLED", "the upload was given up");
}
