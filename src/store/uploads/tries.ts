/**
 * Which uploads are tried again, and what is kept for another try, said by every process to every other:
 * the newest try owns an upload, and no peer has too many that are kept.
 *
 * A try that comes again appends a line to `tries.<number>` beside the journal of receipts, before it
 * looks at anything. Each try reads the lines that came since, one read of mostly no bytes: an upload
 * without a lock behind the note of its commit and before its name. So of two tries at least one sees
 * the other: the older one sees the line and gives way, or the newer one sees the note and waits.
 *
 * A full file ends with a line that leads to the next one; the one before is removed then.
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
import { crc32, randomBytes, sha256 } from "../../hash.ts";
import { TRIES_BYTES, TRIES_KEPT } from "../../limits.ts";
import type { Folder } from "../resolve/folder.ts";
import { Descriptor } from "../system/descriptor.ts";
import { KEY_SIZE } from "./receipt-record.ts";
import { isSystemError } from "../system/system-error.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** Bytes of one line, and where it is what. */
const SIZE = 64;
const AT = { magic: 0, kind: 4, key: 8, mark: 40, sum: 60 } as const;
const MAGIC = 0x31797274; // "try1"
const MAGIC_BYTES = Buffer.from([0x74, 0x72, 0x79, 0x31]);
const AGAIN = 1;
/** The file is full: lines behind this one do not count. */
const FULL = 2;
/** A partial is kept: its mark is whose it is, and its size. */
const KEPT = 3;
const MARK_SIZE = 16;
const PEER_SIZE = 8;

/** A partial that is kept for another try. */
export interface Kept {
  /** Among the partials. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Whose it is: the same for all of one peer. */
  readonly peer: string;
}

const NAME = /^tries\.(\d{1,12})$/;
const nameOf = (number: number): string => `tries.${number}`;

/** The number of a try that did not say that it comes again. */
export const FIRST_TRY = 0;

export class Tries implements Disposable {
  readonly #folder: Folder;
  readonly #onKept: (kept: Kept) => void;
  readonly #buffer = Buffer.alloc(SIZE * 64);
  #file: Descriptor;
  /** Of the file. */
  #number: number;
  /** Bytes of it that were read. */
  #position = 0;
  /** Lines that were read, over all files. */
  #count = FIRST_TRY;
  /** The newest tries: what their numbers are here. */
  readonly #newest = new Map<string, number>();
  /** Lines up to this number were missed: any upload may have been tried again. */
  #missed = FIRST_TRY;

  /**
   * @param folder stays the caller's
   * @param onKept told of each partial that is kept, by any process
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
    // Lines that are missing from before are not about uploads that begin from now on.
    this.#missed = FIRST_TRY;
  }

  /**
   * Says that an upload is tried again.
   * @returns the number of this try: greater than that of each before
   * @throws NO_SPACE, IO_ERROR
   */
  announce(key: string): number {
    const mark = randomBytes(MARK_SIZE);
    const line = lineOf(AGAIN, key, mark);
    for (;;) {
      this.#append(line);
      const number = this.#read(mark);
      // Somebody had just ended the file.
      if (number === undefined) continue;
      if (this.#position >= TRIES_BYTES) this.#end();
      return number;
    }
  }

  /** Says that a partial is kept; `onKept` hears it, too. @throws NO_SPACE, IO_ERROR */
  noteKept({ name, size, peer }: Kept): void {
    const mark = Buffer.alloc(MARK_SIZE);
    sha256(peer).copy(mark, 0, 0, PEER_SIZE);
    mark.writeDoubleLE(size, PEER_SIZE);
    this.#append(lineOf(KEPT, Buffer.from(name.replace(".", ""), "hex").toString("latin1"), mark));
    this.#read();
    if (this.#position >= TRIES_BYTES) this.#end();
  }

  /** Reads what others have said since. @returns whether there was something @throws IO_ERROR, … */
  refresh(): boolean {
    const before = this.#count;
    this.#read();
    return this.#count !== before;
  }

  /**
   * Whether nobody has tried this upload again since; what was read last counts.
   * @param since the count of tries when it began: lines that were missed before are not about it
   */
  isNewest(key: string, number: number, since = number): boolean {
    return (this.#newest.get(key) ?? FIRST_TRY) <= number && this.#missed <= since;
  }

  /** Of tries that were read. */
  get count(): number {
    return this.#count;
  }

  /** Whether no upload at all is known to have been tried again. */
  get isEmpty(): boolean {
    return this.#count === FIRST_TRY;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #append(line: Buffer): void {
    try {
      if (writeSync(this.#file.fd, line) === SIZE) return;
    } catch (error) {
      throw LeatError.from(error, "cannot note that an upload is tried again");
    }
    throw new LeatError("NO_SPACE", "no space is left to note that an upload is tried again");
  }

  /** @param mark of our own line @returns its number @throws IO_ERROR, … */
  #read(mark?: Uint8Array): number | undefined {
    const buffer = this.#buffer;
    let own: number | undefined;
    try {
      for (;;) {
        const length = readSync(this.#file.fd, buffer, 0, buffer.length, this.#position);
        if (length < SIZE) return own;
        own = this.#take(buffer.subarray(0, length), mark) ?? own;
      }
    } catch (error) {
      throw LeatError.from(error, "cannot read the list of uploads that are tried again");
    }
  }

  #take(bytes: Buffer, mark: Uint8Array | undefined): number | undefined {
    let own: number | undefined;
    let at = 0;
    while (at + SIZE <= bytes.length) {
      if (!isLine(bytes, at)) {
        // One was cut short when the disk was full, and moved those behind it.
        const next = bytes.indexOf(MAGIC_BYTES, at + 1);
        at = next === -1 ? bytes.length - (MAGIC_BYTES.length - 1) : next;
        continue;
      }
      if (bytes[at + AT.kind] === FULL) {
        this.#next();
        return own;
      }
      if (bytes[at + AT.kind] === KEPT) {
        this.#onKept(keptAt(bytes, at));
        at += SIZE;
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
      at += SIZE;
    }
    this.#position += at;
    return own;
  }

  #note(key: string): void {
    this.#newest.delete(key);
    this.#newest.set(key, this.#count);
    if (this.#newest.size <= TRIES_KEPT) return;
    for (const oldest of this.#newest.keys()) {
      this.#newest.delete(oldest);
      return;
    }
  }

  /** Where the next one cannot be opened, this one stays, to be tried again. */
  #next(): void {
    const before = this.#file;
    const [number, file] = openOldest(this.#folder, this.#number);
    if (number > this.#number + 1) {
      // That one was full, too, and has been removed: we have slept for long.
      this.#count += 1;
      this.#missed = this.#count;
    }
    [this.#number, this.#file, this.#position] = [number, file, 0];
    before[Symbol.dispose]();
  }

  /** The file is full: later lines go into another one. Harmless where two do it, or it fails. */
  #end(): void {
    const full = this.#number;
    try {
      const next = open(this.#folder, full + 1, O_CREAT);
      if (next === undefined) return;
      closeSync(next);
      this.#append(lineOf(FULL, "", randomBytes(MARK_SIZE)));
      this.#read();
      for (const number of numbersIn(this.#folder)) if (number < full) this.#remove(number);
    } catch {
      // The next line tries again.
    }
  }

  #remove(number: number): void {
    try {
      unlinkSync(this.#folder.pathOf(nameOf(number)));
    } catch {
      // Another process has removed it, or the next one does.
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

function lineOf(kind: number, key: string, mark: Uint8Array): Buffer {
  const line = Buffer.alloc(SIZE);
  line.writeUInt32LE(MAGIC, AT.magic);
  line[AT.kind] = kind;
  line.write(key, AT.key, "latin1");
  line.set(mark, AT.mark);
  line.writeUInt32LE(crc32(line.subarray(0, AT.sum)), AT.sum);
  return line;
}

function isLine(bytes: Buffer, at: number): boolean {
  if (bytes.readUInt32LE(at + AT.magic) !== MAGIC) return false;
  return crc32(bytes.subarray(at, at + AT.sum)) === bytes.readUInt32LE(at + AT.sum);
}

function open(folder: Folder, number: number, flags: number): number | undefined {
  try {
    return openSync(folder.pathOf(nameOf(number)), O_RDWR | O_APPEND | O_NOFOLLOW | flags, 0o600);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw LeatError.from(error, "cannot open the list of uploads that are tried again");
  }
}

/** The oldest of those behind `before`; made where there is none. */
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
