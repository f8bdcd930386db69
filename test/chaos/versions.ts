/**
 * What is sent in a chaos run. Versions of one size share their first block and their modified time:
 * whatever takes one for the other splices them, and is seen by it.
 */
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_SIZE, KiB, MiB } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";

/** Of each size. */
export const VERSIONS = 3;

export const SMALL = [0, 1, 100, 4 * KiB, 64 * KiB, 64 * KiB + 1, 300_000] as const;
export const MIDDLE = [
  BLOCK_SIZE - 1,
  BLOCK_SIZE,
  BLOCK_SIZE + 1,
  2 * MiB,
  3 * MiB + 4321,
] as const;
/** Uploads of these are looked for by another process, too: RESUME_LEAST. */
export const LARGE = [8 * MiB, 9 * MiB + 17, 12 * MiB + 4321] as const;

const SIZES: readonly number[] = [...SMALL, ...MIDDLE, ...LARGE];

/** Which file is sent: `SIZE-NUMBER`. */
export type VersionName = `${number}-${number}`;

/** Size and hash of contents: what tells one version from all others. */
export type Digest = `${number}:${string}`;

export function digestOf(bytes: Uint8Array): Digest {
  return `${bytes.length}:${Bun.hash(bytes).toString(36)}`;
}

/** Files of a folder, made when they are asked for first. Several processes may share it. */
export class Versions {
  readonly folder: string;
  readonly #digests = new Map<VersionName, Digest>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @returns the local path of a version, which is made unless it is there */
  path(name: VersionName): string {
    const path = join(this.folder, name);
    if (!existsSync(path)) this.#make(name, path);
    return path;
  }

  digest(name: VersionName): Digest {
    let digest = this.#digests.get(name);
    if (digest === undefined) {
      digest = digestOf(readFileSync(this.path(name)));
      this.#digests.set(name, digest);
    }
    return digest;
  }

  #make(name: VersionName, path: string): void {
    const [size = 0, number = 0] = name.split("-").map(Number);
    const seed = 2 * (SIZES.indexOf(size) * VERSIONS + number) + 1;
    const bytes = contents(size, seed).slice();
    if (size > BLOCK_SIZE) bytes.set(contents(BLOCK_SIZE, 2 * SIZES.length * VERSIONS + 1));
    writeFileSync(path, bytes);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
  }
}
