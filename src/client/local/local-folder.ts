/**
 * Folders of a client's own tree: what `get -r` fills and `upload -r` reads. Each is held open, so
 * that whatever happens to its name, nothing is written or read outside; it is let go of, and gets
 * its time, when all in it is done. Paths are for messages, but for that of the root.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import type { Folder } from "../../store/resolve/beneath.ts";
import type { Facts } from "../../store/system/facts.ts";
import type { NameTaker } from "../../store/resolve/folder-reader.ts";
import type { DiskSink, Skipped } from "../../store/write/disk-sink.ts";
import { createFileIn, type FileInOptions, openFileIn } from "./local-file.ts";
import { statAt } from "../../store/system/kernel.ts";
import { quote } from "../../store/names.ts";
import { givenMode } from "../../store/write/new-mode.ts";
import { setModifiedAt } from "../../store/system/posix.ts";
import { alreadyExists } from "../../store/system/refusals.ts";
import { readSmallFile, type SmallFile, writeSmallFile } from "./small-file.ts";
import type { DurabilityLevel, MaybePromise, Source, Time } from "../../store/store.ts";
import { syncFolder } from "../../store/write/sync-folder.ts";
import { isSystemError } from "../../store/system/system-error.ts";
import { openPlainFolder } from "../../store/resolve/walk-folder.ts";
import { wireName } from "../../store/resolve/wire-names.ts";

export { TreeSyncs } from "../../store/write/file-syncs.ts";

export class LocalFolder implements Disposable {
  readonly path: string;
  readonly #folder: Folder;
  /** What it gets when it is let go of. */
  readonly #modified: Time | undefined;
  /** Its name, and those of the folders above it that were made, are on disk then. */
  #named: Promise<boolean> | undefined;
  #users = 1;
  /** A small file could not be written, most likely because its name was taken. */
  #wasTaken = false;

  private constructor(folder: Folder, path: string, modified?: Time) {
    this.#folder = folder;
    this.path = path;
    this.#modified = modified;
  }

  /** The folder that a local path names, links followed. @throws NOT_FOUND, NOT_A_DIRECTORY, … */
  static open(path: string): LocalFolder {
    try {
      return new LocalFolder(openPlainFolder(resolve(path)), path);
    } catch (error) {
      throw LeatError.from(error, `cannot open the folder ${quote(path)}`);
    }
  }

  /**
   * Makes the root of a tree unless it is there.
   * @param path a link is followed only if it ends in "/"
   * @param durability with "fsync" its name goes on disk: `onDisk` waits for that
   */
  static make(path: string, modified: Time | undefined, durability: DurabilityLevel): LocalFolder {
    if (path.endsWith("/")) return LocalFolder.open(path);
    const { folder, name } = LocalFolder.place(path);
    using parent = folder;
    const made = parent.make(name, undefined, durability);
    const root = new LocalFolder(made.#folder, path, modified);
    root.#named = made.#named;
    return root;
  }

  /** The folder that a path ends in, and its last segment. */
  static place(path: string): { folder: LocalFolder; name: string } {
    const whole = resolve(path);
    return { folder: LocalFolder.open(dirname(whole)), name: basename(whole) };
  }

  /** As `place`, of what a path leads to. @throws NOT_FOUND, … */
  static realPlace(path: string): { folder: LocalFolder; name: string } {
    try {
      return LocalFolder.place(realpathSync(path));
    } catch (error) {
      throw LeatError.from(error, `cannot open ${quote(path)}`);
    }
  }

  /** For node:fs, and good until the folder is let go of. */
  at(name: string): string {
    return this.#folder.at(name);
  }

  /** @returns undefined when there is none of that name */
  kindOf(name: string): Facts["kind"] | undefined {
    if (name === "") return "DIRECTORY";
    // What the kernel finds is plainly told; where there is nothing, or an error, `look` knows which.
    const found = this.#folder.fd === undefined ? 0 : statAt(this.#folder.fd, name);
    return typeof found === "object" ? found.kind : this.#folder.look(name)?.kind;
  }

  /** Writes a whole small file, if that is easily done. @returns whether it was */
  writeSmall(name: string, bytes: Uint8Array, modified: Time, mode = 0): boolean {
    // Where one name was taken, most are: then it is looked first, and not written for nothing.
    const done = writeSmallFile(
      this.#folder,
      name,
      bytes,
      { modified, mode: givenMode(mode) },
      this.#wasTaken,
    );
    this.#wasTaken ||= !done;
    return done;
  }

  /** A file in it, to be written: as `createFileIn`. */
  create(name: string, options: FileInOptions): DiskSink | Skipped {
    return createFileIn(this.#folder, name, options);
  }

  /** Reads a whole small file, if that is easily done. @param most bytes */
  readSmall(name: string, most: number): SmallFile | undefined {
    return readSmallFile(this.#folder, name, most);
  }

  /** @throws ALREADY_EXISTS */
  mustBeFree(name: string): void {
    if (this.kindOf(name) !== undefined) throw alreadyExists(this.#below(name));
  }

  /** A folder in it; a link is none. @param name "": itself once more */
  child(name: string, path = this.#below(name), modified?: Time): LocalFolder {
    if (name === "") return LocalFolder.open(path);
    return new LocalFolder(this.#folder.child(name, path), path, modified);
  }

  /** As `child`, made unless it is there. @param durability as the static `make` */
  make(name: string, modified: Time | undefined, durability: DurabilityLevel): LocalFolder {
    const path = this.#below(name);
    let isNew = true;
    try {
      mkdirSync(this.at(name));
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) {
        throw LeatError.from(error, `cannot make the folder ${quote(path)}`);
      }
      isNew = false;
    }
    const made = this.child(name, path, modified);
    made.#named = isNew && durability === "fsync" ? this.#syncName(path) : this.#named;
    return made;
  }

  /** Puts on disk that there is a new folder in it; it goes on being filled meanwhile. */
  #syncName(path: string): Promise<boolean> {
    this.hold();
    const all = Promise.all([syncFolder(this.#folder), this.#named]).then(
      ([own, above]) => own && above !== false,
      (error: unknown) => {
        throw LeatError.from(error, `cannot put the folder ${quote(path)} on disk`);
      },
    );
    const over = (): void => this[Symbol.dispose]();
    all.then(over, over); // `onDisk` tells what failed
    return all;
  }

  /**
   * Resolves when its name is on disk: false where the file system cannot do that. undefined where
   * there is nothing to wait for.
   * @throws IO_ERROR, …
   */
  onDisk(): Promise<boolean> | undefined {
    return this.#named;
  }

  /** A file in it, to be read; a link is none. */
  openFile(name: string, path = this.#below(name)): Source {
    return openFileIn(this.#folder, name, path);
  }

  /**
   * Tells each name in it, some hundred at a time; the next ones are read when these are dealt with.
   * @returns how many were left out because they cannot be said on the wire
   */
  async names(tell: (name: string) => MaybePromise<void>): Promise<number> {
    const names = new Names(tell);
    await this.#folder.readNames(this.path, names);
    await names.settle();
    return names.unsayable;
  }

  /** One more waits for something in it. */
  hold(): void {
    this.#users += 1;
  }

  [Symbol.dispose](): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    try {
      if (this.#modified !== undefined) setModifiedAt(this.at("."), this.#modified);
    } catch {
      // All in it is there; a folder of another owner keeps its own time.
    }
    this.#folder[Symbol.dispose]();
  }

  #below(name: string): string {
    return this.path.endsWith("/") ? `${this.path}${name}` : `${this.path}/${name}`;
  }
}

class Names implements NameTaker {
  readonly #tell: (name: string) => MaybePromise<void>;
  #names: string[] = [];
  unsayable = 0;

  constructor(tell: (name: string) => MaybePromise<void>) {
    this.#tell = tell;
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const name = wireName(raw, 0, raw.length);
    if (name === undefined) this.unsayable += 1;
    else this.#names.push(name);
  }

  async settle(): Promise<void> {
    const names = this.#names;
    this.#names = [];
    for (const name of names) {
      const waits = this.#tell(name);
      if (waits !== undefined) await waits;
    }
  }
}
