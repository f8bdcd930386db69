/** Files to move, and the proof that they were moved. */
import { closeSync, openSync, readSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MiB } from "../../src/limits.ts";

/** What crypto.getRandomValues gives at once. */
const RANDOM_PIECE = 65536;

/** A file that no two runs have the same of. */
export function randomFile(path: string, size: number): void {
  const fd = openSync(path, "w");
  const chunk = new Uint8Array(Math.min(size, MiB));
  for (let at = 0; at < size; at += chunk.length) {
    for (let part = 0; part < chunk.length; part += RANDOM_PIECE) {
      crypto.getRandomValues(chunk.subarray(part, part + RANDOM_PIECE));
    }
    writeSync(fd, chunk, 0, Math.min(chunk.length, size - at));
  }
  closeSync(fd);
}

/** Removes what is in a folder, and leaves the folder. */
export function empty(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

/** @throws unless a folder has exactly the files 0, 1, 2, …, each of `size` bytes */
export function checkSizes(folder: string, files: number, size: number): void {
  const names = readdirSync(folder);
  if (names.length !== files) throw new Error(`${folder} has ${names.length} files, not ${files}`);
  for (let file = 0; file < files; file += 1) {
    const path = join(folder, String(file));
    const there = statSync(path).size;
    if (there !== size) throw new Error(`${path} has ${there} bytes, not ${size}`);
  }
}

/** @throws unless the files of a folder are, byte for byte, those they were made from */
export function checkContents(folder: string, from: string, files: number): void {
  for (let file = 0; file < files; file += 1) {
    const name = String(file);
    if (!sameContents(join(folder, name), join(from, name))) {
      throw new Error(`${join(folder, name)} is not what ${join(from, name)} is`);
    }
  }
}

const chunks = [new Uint8Array(MiB), new Uint8Array(MiB)] as const;

export function sameContents(one: string, other: string): boolean {
  const fds = [openSync(one, "r"), openSync(other, "r")] as const;
  try {
    while (true) {
      const [length, others] = [readSync(fds[0], chunks[0]), readSync(fds[1], chunks[1])];
      if (length !== others) return false;
      if (length === 0) return true;
      if (!Buffer.from(chunks[0].buffer, 0, length).equals(chunks[1].subarray(0, length))) {
        return false;
      }
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
