/**
 * Records of one size, in files to which several processes append. Each begins with a magic number and ends
 * with the CRC of everything before. One may have been cut short when the disk was full: those behind it
 * are not aligned then.
 */
import { crc32 } from "../../hash.ts";

const SUM_BYTES = 4;

export class RecordFormat {
  /** Of a record, in bytes. */
  readonly size: number;
  readonly magic: Buffer;

  /** @param magic four characters */
  constructor(magic: string, size: number) {
    this.size = size;
    this.magic = Buffer.from(magic);
  }

  /** A record that has its magic number only. */
  create(): Buffer {
    const record = Buffer.alloc(this.size);
    record.set(this.magic);
    return record;
  }

  /** Sets the CRC of a record, after everything else. */
  seal(record: Buffer): Buffer {
    const end = this.size - SUM_BYTES;
    record.writeUInt32LE(crc32(record.subarray(0, end)), end);
    return record;
  }

  /** Whether a whole record begins at `at`. */
  isAt(bytes: Buffer, at: number): boolean {
    const end = at + this.size - SUM_BYTES;
    if (end + SUM_BYTES > bytes.length) return false;
    if (bytes.readUInt32LE(at) !== this.magic.readUInt32LE(0)) return false;
    return crc32(bytes.subarray(at, end)) === bytes.readUInt32LE(end);
  }

  /**
   * Finds the first whole record from `at` on.
   * @returns its offset; where there is none, that of what may be the start of one
   */
  find(bytes: Buffer, at: number): number {
    let found = at;
    while (found + this.size <= bytes.length && !this.isAt(bytes, found)) {
      const next = bytes.indexOf(this.magic, found + 1);
      found = next === -1 ? bytes.length - (this.magic.length - 1) : next;
    }
    return found;
  }
}
