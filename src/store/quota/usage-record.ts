/**
 * What the files of a user take, in a small file that all processes of a server map into their memory: each counts with
 * atomic additions. A shared lock tells that a process uses it, a count of those tells whether one of them has died.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { sha256 } from "../../hash.ts";
import type { Folder } from "../resolve/folder.ts";
import { findPrivateFolder, makePrivateFolder } from "../resolve/private-folder.ts";
import type { Library } from "../resolve/library.ts";
import { lockExclusively, lockShared, unlock } from "../system/posix.ts";
import { explain, ignoreErrors } from "../system/system-error.ts";
import type { Usage } from "../usage.ts";

const QUOTA_FOLDER = "quota";
const FILE = "usage";

/** Places of 8 bytes. */
const [STATE, RUN, ROOT, PROCESSES, BYTES, NAMES] = [0, 1, 2, 3, 4, 5] as const;
const SIZE = 64;

/** The figures are there. */
const COUNTED = 0x7461_656cn;

/** Opens an open file by its path once more. */
const FDS = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";

/** The numbers of a server that was started, and of the folder that is counted. */
export interface RecordKeys {
  readonly run: bigint;
  readonly root: bigint;
}

/** 63 bits. */
export function keyOf(text: string): bigint {
  return sha256(text).readBigInt64LE() & 0x7fff_ffff_ffff_ffffn;
}

export class UsageRecord implements Usage, Disposable {
  readonly #fd: number;
  #mapped: BigInt64Array | undefined;
  #isUsed = false;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Makes it if it is missing. @throws PERMISSION_DENIED, NO_SPACE, … */
  static make(library: Library): UsageRecord {
    using folder = makePrivateFolder(library, QUOTA_FOLDER);
    const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
    return explain("cannot count the files of a user", () => {
      const fd = openSync(folder.pathOf(FILE), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      return new UsageRecord(fd);
    });
  }

  /** That of a user who may be absent: only for `give`. @param home what the library keeps for the user */
  static of(home: Folder): UsageRecord | undefined {
    if (home.stat(QUOTA_FOLDER)?.kind !== "DIRECTORY") return undefined;
    using folder = home.child(QUOTA_FOLDER, QUOTA_FOLDER);
    if (folder.stat(FILE)?.kind !== "FILE") return undefined;
    const fd = openSync(folder.pathOf(FILE), constants.O_RDWR | constants.O_NOFOLLOW);
    const record = new UsageRecord(fd);
    if (fstatSync(fd).size === SIZE) return record;
    record[Symbol.dispose]();
    return undefined;
  }

  /** Nobody counts any more: the figures would be wrong one day. */
  static forget(library: Library): void {
    ignoreErrors(() => {
      using folder = findPrivateFolder(library, QUOTA_FOLDER);
      if (folder?.stat(FILE) !== undefined) unlinkSync(folder.pathOf(FILE));
    });
  }

  /**
   * Begins to use it.
   * @returns "count" where it holds no figures, or may hold wrong ones: the caller counts alone, then calls `counted`;
   *   "wait" while another process counts, or uses it for another folder
   * @throws NO_SPACE
   */
  join({ run, root }: RecordKeys): "joined" | "count" | "wait" {
    const lock = lockExclusively(this.#fd);
    if (lock === "held") return this.#joinOthers(root);
    explain("cannot count the files of a user", () => this.#takeRoom());
    const figures = this.#figures;
    const isSame = figures[STATE] === COUNTED && figures[RUN] === run && figures[ROOT] === root;
    // Without locks other processes are not seen: then one alone may serve.
    const isKept = lock === "ours" && isSame && figures[PROCESSES] === 0n;
    this.#isUsed = true;
    figures[PROCESSES] = 1n;
    if (isKept) {
      lockShared(this.#fd);
      return "joined";
    }
    figures[STATE] = 0n;
    figures[RUN] = run;
    figures[ROOT] = root;
    return "count";
  }

  /** A hole of the file has no room on the disk: where that is full, to write there through the map ends the process. */
  #takeRoom(): void {
    const { size, blocks } = fstatSync(this.#fd);
    if (size === SIZE && blocks > 0) return;
    const bytes = new Uint8Array(SIZE);
    readSync(this.#fd, bytes, 0, SIZE, 0);
    writeSync(this.#fd, bytes, 0, SIZE, 0);
    ftruncateSync(this.#fd, SIZE);
  }

  #joinOthers(root: bigint): "joined" | "wait" {
    if (!lockShared(this.#fd)) return "wait";
    const isWhole = fstatSync(this.#fd).size === SIZE;
    const figures = isWhole ? this.#figures : undefined;
    if (figures?.[STATE] === COUNTED && figures[ROOT] === root && figures[PROCESSES]! > 0n) {
      this.#isUsed = true;
      Atomics.add(figures, PROCESSES, 1n);
      return "joined";
    }
    unlock(this.#fd);
    return "wait";
  }

  /** Others may use it from now on. */
  counted(bytes: number, names: number): void {
    const figures = this.#figures;
    figures[BYTES] = BigInt(bytes);
    figures[NAMES] = BigInt(names);
    figures[STATE] = COUNTED;
    lockShared(this.#fd);
  }

  take(bytes: number, names: number): void {
    if (bytes !== 0) Atomics.add(this.#figures, BYTES, BigInt(bytes));
    if (names !== 0) Atomics.add(this.#figures, NAMES, BigInt(names));
  }

  give(bytes: number, names: number): void {
    this.take(-bytes, -names);
  }

  get bytes(): number {
    return Number(this.#figures[BYTES]);
  }

  get names(): number {
    return Number(this.#figures[NAMES]);
  }

  /** A record that was used by none when it was closed holds right figures. */
  [Symbol.dispose](): void {
    if (this.#isUsed && this.#figures[STATE] === COUNTED) Atomics.sub(this.#figures, PROCESSES, 1n);
    this.#isUsed = false;
    closeSync(this.#fd);
  }

  get #figures(): BigInt64Array {
    if (this.#mapped === undefined) {
      const bytes = Bun.mmap(`${FDS}/${this.#fd}`, { shared: true });
      this.#mapped = new BigInt64Array(bytes.buffer, bytes.byteOffset, SIZE / 8);
    }
    return this.#mapped;
  }
}
