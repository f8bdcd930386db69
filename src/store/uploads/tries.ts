/**
 * The log in which all processes announce uploads that are tried again, and partial files that are kept for
 * another try: the newest try owns an upload, and no peer may keep too many.
 *
 * A retry appends a record to `tries.<number>` beside the journal of receipts before it does anything else.
 * Every try reads the records that were appended since, one read of mostly no bytes; an upload without a
 * lock does so after it has recorded its intent and before it is published. So of two tries at least
 * one notices the other: the older one reads the announcement and gives up, or the newer one finds the
 * intent and waits.
 *
 * The last record of a full file says that the next file follows; then the file before is removed.
 */
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { LeatError } from "../../errors.ts";
import { randomBytes, sha256 } from "../../hash.ts";
import { TRIES_BYTES, TRIES_KEPT } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { Descriptor } from "../system/descriptor.ts";
import { KEY_SIZE } from "./receipt-record.ts";
import { RecordFormat } from "./record-format.ts";
import { explain, ignoreErrors, tolerate } from "../system/system-error.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** Bytes of one record. */
const SIZE = 64;
const FORMAT = new RecordFormat("try1", SIZE);
/** Offsets in a record. */
const AT = { kind: 4, key: 8, mark: 40 } as const;
const RETRY = 1;
/** The file is full: records behind this one do not count. */
const FULL = 2;
/** A partial is kept: the mark has a hash of its peer, and its size. */
const KEPT = 3;
const MARK_SIZE = 16;
const PEER_SIZE = 8;

/** A partial that is kept for another try. */
export interface Kept {
  /** Among the partials. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Identifies its sender. */
  readonly peer: string;
}

const NAME = /^tries\.(\d{1,12})$/;
const nameOf = (number: number): string => `tries.${number}`;

/** The number of a first try, which is not announced. */
export const FIRST_TRY = 0;

export class Tries implements Disposable {
  readonly #folder: Folder;
  readonly #onKept: (kept: Kept) => void;
  readonly #buffer = Buffer.alloc(SIZE * 64);
  #file: Descriptor;
  /** The number of the file. */
  #number: number;
  /** Bytes of it that were read. */
  #position = 0;
  /** Announcements that were read, in all files. */
  #count = FIRST_TRY;
  /** The number of the newest try, by upload. */
  readonly #newest = new Map<string, number>();
  /** Announcements up to this number were missed: any upload may have been tried again. */
  #missed = FIRST_TRY;

  /**
   * @param folder stays the caller's
   * @param onKept called for each partial that is kept, by any process
   * @throws IO_ERROR, …
   */
  constructor(folder: Folder, onKept: (kept: Kept) => void = () => {}) {
    this.#folder = folder;
    this.#onKept = onKept;
    [this.#number, this.#file] = openOldest(folder);
    try {
      this.refresh();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    // Records that were missed until now are not about uploads that begin from now on.
    this.#missed = FIRST_TRY;
  }

  /**
   * Announces that an upload is tried again.
   * @returns the number of this try: greater than those of all tries before
   * @throws NO_SPACE, IO_ERROR
   */
  announce(key: string): number {
    const mark = randomBytes(MARK_SIZE);
    const record = encode(RETRY, key, mark);
    for (;;) {
      this.#append(record);
      const number = this.refresh(mark);
      // Another process had just ended the file.
      if (number === undefined) continue;
      if (this.#position >= TRIES_BYTES) this.#endFile();
      return number;
    }
  }

  /** Announces that a partial is kept; `onKept` is called, too. @throws NO_SPACE, IO_ERROR */
  noteKept({ name, size, peer }: Kept): void {
    const mark = Buffer.alloc(MARK_SIZE);
    sha256(peer).copy(mark, 0, 0, PEER_SIZE);
    mark.writeDoubleLE(size, PEER_SIZE);
    this.#append(encode(KEPT, Buffer.from(name.replace(".", ""), "hex").toString("latin1"), mark));
    this.refresh();
    if (this.#position >= TRIES_BYTES) this.#endFile();
  }

  /**
   * Whether no newer try of this upload has been read.
   * @param since the count of tries when it began: announcements missed before are not about it
   */
  isNewest(key: string, number: number, since = number): boolean {
    return (this.#newest.get(key) ?? FIRST_TRY) <= number && this.#missed <= since;
  }

  /** How many announcements were read. */
  get count(): number {
    return this.#count;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #append(record: Buffer): void {
    const written = explain("cannot record that an upload is tried again", () =>
      writeSync(this.#file.fd, record),
    );
    if (written === SIZE) return;
    throw new LeatError("NO_SPACE", "no space is left to record that an upload is tried again");
  }

  /**
   * Reads what was appended since, by any process.
   * @param mark of our own announcement @returns its number @throws IO_ERROR, …
   */
  refresh(mark?: Uint8Array): number | undefined {
    const buffer = this.#buffer;
    let own: number | undefined;
    return explain("cannot read the list of uploads that are tried again", () => {
      for (;;) {
        const length = readSync(this.#file.fd, buffer, 0, buffer.length, this.#position);
        if (length < SIZE) return own;
        own = this.#take(buffer.subarray(0, length), mark) ?? own;
      }
    });
  }

  #take(bytes: Buffer, mark: Uint8Array | undefined): number | undefined {
    let own: number | undefined;
    let at = FORMAT.find(bytes, 0);
    for (; at + SIZE <= bytes.length; at = FORMAT.find(bytes, at + SIZE)) {
      if (bytes[at + AT.kind] === FULL) {
        this.#openNext();
        return own;
      }
      if (bytes[at + AT.kind] === KEPT) {
        this.#onKept(keptAt(bytes, at));
        continue;
      }
      this.#count += 1;
      this.#note(bytes.toString("latin1", at + AT.key, at + AT.key + KEY_SIZE));
      if (
        mark !== undefined &&
        bytes.subarray(at + AT.mark, at + AT.mark + MARK_SIZE).equals(mark)
      ) {
        own = this.#count;
      }
    }
    this.#position += at;
    return own;
  }

  #note(key: string): void {
    this.#newest.delete(key);
    this.#newest.set(key, this.#count);
    if (this.#newest.size <= TRIES_KEPT) return;
    const [oldest] = this.#newest.keys();
    this.#newest.delete(oldest!);
  }

  /** If it cannot be opened, this file stays open, and the next read tries again. */
  #openNext(): void {
    const before = this.#file;
    const [number, file] = openOldest(this.#folder, this.#number);
    if (number > this.#number + 1) {
      // That file was full, too, and has been removed: this process has not read for long.
      this.#count += 1;
      this.#missed = this.#count;
    }
    [this.#number, this.#file, this.#position] = [number, file, 0];
    before[Symbol.dispose]();
  }

  /** Begins the next file. It does no harm when two processes do it, or when it fails. */
  #endFile(): void {
    const full = this.#number;
    try {
      const next = open(this.#folder, full + 1, O_CREAT);
      if (next === undefined) return;
      closeSync(next);
      this.#append(encode(FULL, "", randomBytes(MARK_SIZE)));
      this.refresh();
      for (const number of numbersIn(this.#folder).filter((each) => each < full)) {
        // If it cannot be removed, another process has done it, or the next one does.
        ignoreErrors(() => unlinkSync(this.#folder.pathOf(nameOf(number))));
      }
    } catch {
      // The next record tries again.
    }
  }
}

function keptAt(bytes: Buffer, at: number): Kept {
  const half = at + AT.key + KEY_SIZE / 2;
  const id = bytes.toString("hex", at + AT.key, half);
  const target = bytes.toString("hex", half, at + AT.mark);
  return {
    name: `${id}.${target}`,
    size: bytes.readDoubleLE(at + AT.mark + PEER_SIZE),
    peer: bytes.toString("latin1", at + AT.mark, at + AT.mark + PEER_SIZE),
  };
}

function encode(kind: number, key: string, mark: Uint8Array): Buffer {
  const record = FORMAT.create();
  record[AT.kind] = kind;
  record.write(key, AT.key, "latin1");
  record.set(mark, AT.mark);
  return FORMAT.seal(record);
}

function open(folder: Folder, number: number, flags: number): number | undefined {
  const path = folder.pathOf(nameOf(number));
  return explain("cannot open the list of uploads that are tried again", () =>
    tolerate("ENOENT", () => openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW | flags, 0o600)),
  );
}

/** Opens the first file after `before`, and makes it where there is none. */
function openOldest(folder: Folder, before = 0): [number, Descriptor] {
  for (;;) {
    const numbers = numbersIn(folder).filter((number) => number > before);
    const number = numbers.length === 0 ? before + 1 : Math.min(...numbers);
    const fd = open(folder, number, numbers.length === 0 ? O_CREAT : 0);
    if (fd !== undefined) return [number, new Descriptor(fd)];
  }
}

function numbersIn(folder: Folder): number[] {
  const numbers = readdirSync(folder.path).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return numbers.map(Number);
}
