/**
 * What the files of a user take, in memory that all processes of a server share: each counts with atomic additions. On
 * disk there is a file that they lock: a shared lock tells that a process counts, a number of those tells whether one of
 * them has died. It keeps the figures while nobody counts.
 */
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { sha256 } from "../../hash.ts";
import type { Folder } from "../resolve/folder.ts";
import { findPrivateFolder, makePrivateFolder } from "../resolve/private-folder.ts";
import type { Library } from "../resolve/library.ts";
import { lockExclusively, lockShared, unlock } from "../system/posix.ts";
import { explain, ignoreErrors } from "../system/system-error.ts";
import type { Usage } from "../usage.ts";
import { makeMemory, mapMemory, removeMemory } from "./shared-memory.ts";

const QUOTA_FOLDER = "quota";
const FILE = "usage";

/** Places of 8 bytes. MEMORY is the name of the memory; the file has it, and keeps it. */
const [STATE, RUN, ROOT, PROCESSES, BYTES, NAMES, MEMORY] = [0, 1, 2, 3, 4, 5, 6] as const;
const SIZE = 64;

/** The figures are there. */
const COUNTED = 0x7461_656cn;

/** Looks for the memory of other processes, after which it is plain that it is out of reach. */
const MOST_MISSED = 50;

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
  #figures: BigInt64Array | undefined;
  /** It holds a lock. */
  #isUsed = false;
  /** It is one of PROCESSES. */
  #isCounted = false;
  #missed = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Makes it if it is missing. @throws PERMISSION_DENIED, NO_SPACE, … */
  static make(library: Library): UsageRecord {
    using folder = makePrivateFolder(library, QUOTA_FOLDER);
    const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
    return explain(FAILURE, () => {
      const fd = openSync(folder.pathOf(FILE), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      return new UsageRecord(fd);
    });
  }

  /**
   * That of a user who may be absent: only for `give`. Nobody begins to use it meanwhile.
   * @param home what the library keeps for the user
   */
  static of(home: Folder): UsageRecord | undefined {
    if (home.stat(QUOTA_FOLDER)?.kind !== "DIRECTORY") return undefined;
    using folder = home.child(QUOTA_FOLDER, QUOTA_FOLDER);
    if (folder.stat(FILE)?.kind !== "FILE") return undefined;
    const fd = openSync(folder.pathOf(FILE), constants.O_RDWR | constants.O_NOFOLLOW);
    const record = new UsageRecord(fd);
    try {
      const isAlone = lockExclusively(fd) === "ours";
      const saved = record.#read();
      if (isAlone) record.#open(saved);
      else record.#figures = mapMemory(nameOf(saved), SIZE);
      if (record.#figures !== undefined) return record;
    } catch (error) {
      record[Symbol.dispose]();
      throw error;
    }
    record[Symbol.dispose]();
    return undefined;
  }

  /** Nobody counts any more: the figures would be wrong one day. */
  static forget(library: Library): void {
    ignoreErrors(() => {
      using folder = findPrivateFolder(library, QUOTA_FOLDER);
      if (folder?.stat(FILE)?.kind !== "FILE") return;
      const fd = openSync(folder.pathOf(FILE), constants.O_RDONLY | constants.O_NOFOLLOW);
      using record = new UsageRecord(fd);
      removeMemory(nameOf(record.#read()));
      unlinkSync(folder.pathOf(FILE));
    });
  }

  /**
   * Begins to use it.
   * @returns "count" where it holds no figures, or may hold wrong ones: the caller counts alone, then calls `counted`;
   *   "wait" while another process counts, or uses it for another folder
   * @throws NO_SPACE; UNAVAILABLE where other processes use it whose memory is not that of this one
   */
  join({ run, root }: RecordKeys): "joined" | "count" | "wait" {
    const lock = lockExclusively(this.#fd);
    if (lock === "held") return this.#joinOthers(root);
    const saved = this.#read();
    const figures = explain(FAILURE, () => this.#open(saved));
    const isSame = figures[STATE] === COUNTED && figures[RUN] === run && figures[ROOT] === root;
    // Without locks other processes are not seen: then one alone may serve.
    const isKept = lock === "ours" && isSame && figures[PROCESSES] === 0n;
    figures[PROCESSES] = 1n;
    this.#isCounted = true;
    if (saved[STATE] === COUNTED) {
      saved[STATE] = 0n;
      // Were it not written, the memory would still tell of a crash.
      ignoreErrors(() => this.#write(saved));
    }
    if (isKept) {
      lockShared(this.#fd);
      return "joined";
    }
    figures[STATE] = 0n;
    figures[RUN] = run;
    figures[ROOT] = root;
    return "count";
  }

  /** Whoever used the memory last has left it, or has died: else the figures are those of the file. */
  #open(saved: BigInt64Array): BigInt64Array {
    if (saved[MEMORY] === 0n) {
      crypto.getRandomValues(saved.subarray(MEMORY, MEMORY + 1));
      this.#write(saved);
    }
    const name = nameOf(saved);
    this.#figures = mapMemory(name, SIZE) ?? makeMemory(name, bytesOf(saved));
    this.#isUsed = true;
    return this.#figures;
  }

  #joinOthers(root: bigint): "joined" | "wait" {
    if (!lockShared(this.#fd)) return "wait";
    const figures = mapMemory(nameOf(this.#read()), SIZE);
    if (figures?.[STATE] === COUNTED && figures[ROOT] === root && figures[PROCESSES]! > 0n) {
      this.#figures = figures;
      this.#isUsed = this.#isCounted = true;
      Atomics.add(figures, PROCESSES, 1n);
      return "joined";
    }
    unlock(this.#fd);
    this.#missed = figures === undefined ? this.#missed + 1 : 0;
    if (this.#missed < MOST_MISSED) return "wait";
    const message =
      "another server counts the files of this user, in memory that this one cannot reach: " +
      "servers in containers need the same /dev/shm";
    throw new LeatError("UNAVAILABLE", message);
  }

  /** Others may use it from now on. */
  counted(bytes: number, names: number): void {
    const figures = this.#figures!;
    figures[BYTES] = BigInt(bytes);
    figures[NAMES] = BigInt(names);
    figures[STATE] = COUNTED;
    lockShared(this.#fd);
  }

  take(bytes: number, names: number): void {
    if (this.#figures === undefined) return;
    if (bytes !== 0) Atomics.add(this.#figures, BYTES, BigInt(bytes));
    if (names !== 0) Atomics.add(this.#figures, NAMES, BigInt(names));
  }

  give(bytes: number, names: number): void {
    this.take(-bytes, -names);
  }

  get bytes(): number {
    return Number(this.#figures?.[BYTES] ?? 0n);
  }

  get names(): number {
    return Number(this.#figures?.[NAMES] ?? 0n);
  }

  /** A record that was used by none when it was closed holds right figures. */
  [Symbol.dispose](): void {
    if (this.#isUsed) this.#leave(this.#figures!);
    closeSync(this.#fd);
  }

  #leave(figures: BigInt64Array): void {
    this.#isUsed = false;
    if (this.#isCounted && figures[STATE] === COUNTED) Atomics.sub(figures, PROCESSES, 1n);
    if (lockExclusively(this.#fd) !== "ours") return;
    try {
      if (figures[STATE] === COUNTED && figures[PROCESSES] === 0n) this.#write(figures);
    } catch {
      return; // the memory keeps them
    }
    removeMemory(nameOf(figures));
  }

  #read(): BigInt64Array {
    const bytes = new Uint8Array(SIZE);
    readSync(this.#fd, bytes, 0, SIZE, 0);
    return new BigInt64Array(bytes.buffer);
  }

  /** @throws the system's error: NO_SPACE */
  #write(figures: BigInt64Array): void {
    const bytes = bytesOf(figures);
    if (writeSync(this.#fd, bytes, 0, SIZE, 0) < SIZE) {
      throw new LeatError("NO_SPACE", "the disk is full");
    }
  }
}

const FAILURE = "cannot count the files of a user";

const bytesOf = (figures: BigInt64Array): Uint8Array =>
  new Uint8Array(figures.buffer, figures.byteOffset, SIZE);

/** Of the memory. */
const nameOf = (saved: BigInt64Array): string =>
  BigInt.asUintN(64, saved[MEMORY]!).toString(16).padStart(16, "0");
