/** Files with holes. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { holeAt } from "../../src/store/system/kernel.ts";
import { TemporaryFolder } from "./folder.ts";

const BLOCK = 1 << 20;

/** Makes a file of `size` bytes, with these bytes at these positions, and holes around them. */
export function sparseFile(
  path: string,
  size: number,
  pieces: Readonly<Record<number, Uint8Array | string>> = {},
): string {
  const fd = openSync(path, "w");
  ftruncateSync(fd, size);
  for (const [position, bytes] of Object.entries(pieces)) {
    const piece = Buffer.from(bytes as Uint8Array);
    writeSync(fd, piece, 0, piece.length, Number(position));
  }
  closeSync(fd);
  return path;
}

/** Bytes on the disk. */
export const allocatedOf = (path: string): number => statSync(path).blocks * 512;

/** Whether two files have the same bytes; holes that both have are not read. */
export function sameFiles(one: string, other: string): boolean {
  const [a, b] = [openSync(one, "r"), openSync(other, "r")];
  try {
    const { size } = fstatSync(a);
    if (fstatSync(b).size !== size) return false;
    const [bytesOfA, bytesOfB] = [Buffer.alloc(BLOCK), Buffer.alloc(BLOCK)];
    for (let at = 0; at < size;) {
      const hole = Math.min(holeAt(a, at), holeAt(b, at));
      if (hole === 0) {
        const read = readSync(a, bytesOfA, 0, BLOCK, at);
        readSync(b, bytesOfB, 0, BLOCK, at);
        if (bytesOfA.compare(bytesOfB, 0, read, 0, read) !== 0) return false;
      }
      at += hole > 0 ? hole : BLOCK;
    }
    return true;
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

/** Whether the temporary folder is on a file system that keeps holes, and tells of them. */
export const HAS_HOLES = ((): boolean => {
  using folder = new TemporaryFolder();
  const fd = openSync(sparseFile(folder.at("probe"), 4 * BLOCK), "r");
  const found = holeAt(fd, 0);
  closeSync(fd);
  return found === 4 * BLOCK;
})();
