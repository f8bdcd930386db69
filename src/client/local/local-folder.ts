/**
 * Local folders of a tree: the ones that `get -r` fills and `upload -r` reads. Each is held open, so that
 * nothing is written or read outside, even if its name comes to lead elsewhere. When all files in it are
 * done it gets its modified time and is closed. Paths, except that of the root, are only for messages.
 */
import { lstatSync, mkdirSync, realpathSync, rmdirSync, unlinkSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import type { Folder } from "../../store/resolve/folder.ts";
import type { Facts } from "../../store/system/facts.ts";
import type { NameTaker } from "../../store/resolve/folder-reader.ts";
import { checkCollision, type Skipped } from "../../store/write/collision.ts";
import type { DiskSink } from "../../store/write/disk-sink.ts";
import { createPartial, type LocalFileOptions, sinkOver, versions } from "./local-file.ts";
import { FollowingFolder } from "./following-folder.ts";
import { partialOf } from "./partial-names.ts";
import { removeUnheld } from "../../store/write/partial.ts";
import { DiskSource } from "../../store/read/disk-source.ts";
import { openRegular } from "../../store/resolve/open-regular.ts";
import { versionedEntry } from "../../store/system/entry.ts";
import { ERRNO, statAt } from "../../store/system/kernel.ts";
import { TreeSyncs } from "../../store/write/file-syncs.ts";
import { quote } from "../../store/names.ts";
import { givenMode } from "../../store/write/new-mode.ts";
import { alreadyExists } from "../../store/system/refusals.ts";
import { isSameTime } from "../../store/same-time.ts";
import { readSmallFile, type SmallFile, writeSmallFile } from "./small-file.ts";
import type {
  Attributes,
  Collision,
  DurabilityLevel,
  FolderAttributes,
  MaybePromise,
  NotDone,
  Source,
  Time,
} from "../../store/store.ts";
import { fillingMode, hasAttributes, setAttributes } from "../../store/write/folder-attributes.ts";
import { setAttributesAt } from "../../store/write/attributes.ts";
import { makeLink } from "../../store/write/link.ts";
import { readLinkWithin } from "../../store/resolve/read-link.ts";
import { syncFolder } from "../../store/write/sync-folder.ts";
import { explain, ignoreErrors, isSystemError } from "../../store/system/system-error.ts";
import { hasProc, openPlainFolder } from "../../store/resolve/walk-folder.ts";
import { wireName } from "../../store/resolve/raw-names.ts";

export { TreeSyncs };

interface FileInOptions extends LocalFileOptions {
  /** Puts the file on disk together with others. */
  readonly syncs: TreeSyncs;
}

export class LocalFolder implements Disposable {
  readonly path: string;
  readonly #folder: Folder;
  /** Set when it is closed. */
  readonly #attributes: FolderAttributes;
  #onClosed: ((notDone: NotDone | undefined) => void) | undefined;
  /** Resolves when its name, and those of the new folders above it, are on disk. */
  #named: Promise<boolean> | undefined;
  #users = 1;
  /** A small file was not written, most likely because its name was taken. */
  #wasTaken = false;

  private constructor(folder: Folder, path: string, attributes: FolderAttributes = {}) {
    this.#folder = folder;
    this.path = path;
    this.#attributes = attributes;
  }

  /**
   * The folder that a local path names, links followed.
   * @param follows whether links in it, and in the folders below, are followed as well: it is only read
   * @throws NOT_FOUND, NOT_A_DIRECTORY, …
   */
  static open(path: string, follows = false): LocalFolder {
    return explain(`cannot open the folder ${quote(path)}`, () => {
      const folder = openPlainFolder(resolve(path));
      return new LocalFolder(follows ? new FollowingFolder(folder) : folder, path);
    });
  }

  /**
   * Makes the root of a tree unless it exists.
   * @param path a link is followed only if it ends in "/"
   * @param durability with "fsync" its name is put on disk: `onDisk` waits for that
   */
  static make(
    path: string,
    attributes: FolderAttributes,
    durability: DurabilityLevel,
  ): LocalFolder {
    if (path.endsWith("/")) return LocalFolder.open(path);
    const { folder, name } = LocalFolder.place(path);
    using parent = folder;
    return parent.make(name, attributes, durability, path);
  }

  /** The folder that a path ends in, and its last segment. */
  static place(path: string, follows = false): { folder: LocalFolder; name: string } {
    const whole = resolve(path);
    return { folder: LocalFolder.open(dirname(whole), follows), name: basename(whole) };
  }

  /** As `place`, with links followed. @throws NOT_FOUND, … */
  static realPlace(path: string, follows = false): { folder: LocalFolder; name: string } {
    return explain(`cannot open ${quote(path)}`, () =>
      LocalFolder.place(realpathSync(path), follows),
    );
  }

  /** A path of a name in it for node:fs, valid until the folder is closed. */
  pathOf(name: string): string {
    return this.#folder.pathOf(name);
  }

  /** @returns undefined when the name does not exist */
  kindOf(name: string): Facts["kind"] | undefined {
    if (name === "") return "DIRECTORY";
    // One system call, when it finds something; after any error `stat` throws the right one.
    const found = this.#folder.fd === undefined ? 0 : statAt(this.#folder.fd, name);
    if (typeof found === "object" && found.kind !== "LINK") return found.kind;
    return this.#folder.stat(name)?.kind;
  }

  /** Whether a path leads from it to a folder, at its end not by a link. */
  hasFolder(path: string): boolean {
    const { fd } = this.#folder;
    const found = fd === undefined ? undefined : statAt(fd, path);
    if (typeof found === "object") return found.kind === "DIRECTORY";
    if (found === -ERRNO.ENOENT) return false;
    try {
      return lstatSync(this.pathOf(path)).isDirectory();
    } catch {
      return false; // nothing can be written there either
    }
  }

  /** The size and modified time of a file in it. @returns undefined where the name is taken by no file */
  versionOf(name: string): { readonly size: number; readonly modified: Time } | undefined {
    const facts = this.#folder.stat(name);
    if (facts?.kind !== "FILE") return undefined;
    return { size: facts.size, modified: modifiedOf(facts) };
  }

  /** Writes a whole small file, as `writeSmallFile`. @returns whether it was written */
  writeSmall(
    name: string,
    bytes: Uint8Array,
    { modified, mode }: FolderAttributes,
    collision: Collision = "fail",
  ): boolean {
    // Where one name was taken, most are: from then on each is checked before its bytes are written.
    const done = writeSmallFile(
      this.#folder,
      name,
      bytes,
      { modified, mode: givenMode(mode), replaces: collision === "replace" },
      this.#wasTaken,
    );
    this.#wasTaken ||= !done;
    return done;
  }

  /**
   * Creates a small file of a tree in it. It has no name before it is whole, where the system can do that.
   * The free space of the disk is not checked first. The folder stays open until the sink has ended.
   * @returns the entry that has the name, when it is taken and the collision is "skip"
   * @throws ALREADY_EXISTS, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
   */
  create(name: string, options: FileInOptions): DiskSink | Skipped {
    const folder = this.#folder;
    const place = { folder, name, path: options.shown ?? folder.pathOf(name) };
    const found = checkCollision(folder.stat(name), options, place.path, versions);
    if (found !== undefined) return { skipped: versionedEntry(name, found, versions) };
    // Before anything is written: it detects write errors only from then on.
    const syncs = options.durability === "fsync" ? options.syncs.of(folder) : undefined;
    return sinkOver(createPartial(place, options), place, options, {
      sync: (partial) => syncs?.sync(partial.fd) ?? partial.sync(),
      [Symbol.dispose]() {}, // the folder stays open
    });
  }

  /** Reads a whole small file, as `readSmallFile`. @param maxSize in bytes */
  readSmall(name: string, maxSize: number): SmallFile | undefined {
    return readSmallFile(this.#folder, name, maxSize);
  }

  /** The text of a link in it that leads to something in its tree. @param depth as for `leadsWithin` */
  readLink(name: string, depth: number): string | undefined {
    return readLinkWithin(this.#folder, name, depth);
  }

  /**
   * Makes a link in it.
   * @returns false where the name is taken, and the collision is "skip"
   * @throws ALREADY_EXISTS, IS_A_DIRECTORY, …
   */
  link(name: string, target: string, collision: Collision): boolean {
    return makeLink(this.#folder, { name, target, collision, path: this.#below(name) });
  }

  /** Puts the names in it on disk. @returns false where the file system cannot do that @throws IO_ERROR, … */
  async syncNames(): Promise<boolean> {
    const [isSynced, isNamed] = await Promise.all([syncFolder(this.#folder), this.#named]);
    return isSynced && isNamed !== false;
  }

  /** @throws ALREADY_EXISTS */
  mustBeFree(name: string): void {
    if (this.kindOf(name) !== undefined) throw alreadyExists(this.#below(name));
  }

  /** Opens a folder in it; a link is refused. @param name "" opens the folder itself once more */
  child(name: string, path = this.#below(name), attributes?: FolderAttributes): LocalFolder {
    if (name === "") return LocalFolder.open(path, this.#folder instanceof FollowingFolder);
    return new LocalFolder(this.#folder.child(name, path), path, attributes);
  }

  /** As `child`, but makes it unless it exists. @param durability as the static `make` */
  make(
    name: string,
    attributes: FolderAttributes,
    durability: DurabilityLevel,
    path = this.#below(name),
  ): LocalFolder {
    let isNew = true;
    try {
      mkdirSync(this.pathOf(name), { mode: fillingMode(attributes.mode) });
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) {
        throw LeatError.from(error, `cannot make the folder ${quote(path)}`);
      }
      isNew = false;
    }
    const made = this.child(name, path, attributes);
    made.#named = isNew && durability === "fsync" ? this.#syncName(path) : this.#named;
    return made;
  }

  /** Puts the name of a new folder in it on disk, while the new folder is filled. */
  #syncName(path: string): Promise<boolean> {
    this.hold();
    const all = Promise.all([syncFolder(this.#folder), this.#named]).then(
      ([own, above]) => own && above !== false,
      (error: unknown) => {
        throw LeatError.from(error, `cannot put the folder ${quote(path)} on disk`);
      },
    );
    const release = (): void => this[Symbol.dispose]();
    all.then(release, release); // `onDisk` reports a failure
    return all;
  }

  /**
   * Resolves when its name is on disk; with false where the file system cannot do that. undefined where
   * there is nothing to wait for.
   * @throws IO_ERROR, …
   */
  onDisk(): Promise<boolean> | undefined {
    return this.#named;
  }

  /** Changes the attributes of a file in it; a link is refused. @returns what it has then @throws NOT_FOUND, … */
  setAttributes(name: string, attributes: Attributes): Required<Attributes> {
    const facts = setAttributesAt(this.#folder, name, this.#below(name), attributes);
    return { modified: modifiedOf(facts), mode: facts.mode };
  }

  /** Removes a file or a link in it, or an empty folder. @throws NOT_FOUND, DIRECTORY_NOT_EMPTY, … */
  remove(name: string, isFolder: boolean): void {
    const remove = isFolder ? rmdirSync : unlinkSync;
    explain(`cannot remove ${quote(this.#below(name))}`, () => remove(this.pathOf(name)));
  }

  /** Removes the partial file of a download, or its block sums. @returns false while a download has them */
  removePartial(name: string): boolean {
    const partial = partialOf(name);
    if (!removeUnheld(this.#folder, partial)) return false;
    if (name !== partial) ignoreErrors(() => unlinkSync(this.pathOf(name)));
    return this.kindOf(name) === undefined;
  }

  /** Opens a file in it for reading; a link is refused, unless they are followed. */
  openFile(name: string, path = this.#below(name)): Source {
    const follow = this.#folder instanceof FollowingFolder;
    const file = openRegular(this.pathOf(name), path, { follow, proc: hasProc });
    return new DiskSource(name, file, versions);
  }

  /**
   * Calls `each` with every name in it. Some hundred are read at a time, the next ones when these are
   * done.
   * @returns how many names were left out because the wire cannot carry them
   */
  async names(each: (name: string) => MaybePromise<void>): Promise<number> {
    const names = new Names(each);
    await this.#folder.readNames(this.path, names);
    await names.settle();
    return names.leftOut;
  }

  /** Its own, as it was opened. */
  get attributes(): Required<FolderAttributes> {
    const { facts } = this.#folder;
    return { modified: modifiedOf(facts), mode: facts.mode };
  }

  /** Permission bits of a copy while it is filled. */
  get fillingMode(): number {
    return fillingMode(this.#folder.facts.mode);
  }

  /** Calls a function when it is closed, with what the file system cannot do: all that was begun in it has ended then. */
  whenClosed(onClosed: (notDone: NotDone | undefined) => void): void {
    this.#onClosed = onClosed;
  }

  /** Keeps it open for one more user; each disposes of it once. */
  hold(): void {
    this.#users += 1;
  }

  [Symbol.dispose](): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    const notDone = this.#setAttributes();
    this.#folder[Symbol.dispose]();
    this.#onClosed?.(notDone);
  }

  /** @returns what the file system cannot do */
  #setAttributes(): NotDone | undefined {
    const attributes = this.#attributes;
    if (!hasAttributes(attributes)) return undefined;
    try {
      const facts = setAttributes(this.#folder, attributes);
      const { modified } = attributes;
      if (modified === undefined || isSameTime(modified, modifiedOf(facts))) return undefined;
    } catch {
      // The folder is there, and its files are.
    }
    return { modified: true };
  }

  #below(name: string): string {
    return this.path.endsWith("/") ? `${this.path}${name}` : `${this.path}/${name}`;
  }
}

function modifiedOf({
  modifiedSeconds: seconds,
  modifiedNanoseconds: nanoseconds,
}: Pick<Facts, "modifiedSeconds" | "modifiedNanoseconds">): Time {
  return { seconds, nanoseconds };
}

class Names implements NameTaker {
  readonly #each: (name: string) => MaybePromise<void>;
  #names: string[] = [];
  leftOut = 0;

  constructor(each: (name: string) => MaybePromise<void>) {
    this.#each = each;
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const name = wireName(raw, 0, raw.length);
    if (name === undefined) this.leftOut += 1;
    else this.#names.push(name);
  }

  async settle(): Promise<void> {
    const names = this.#names;
    this.#names = [];
    for (const name of names) {
      const waits = this.#each(name);
      if (waits !== undefined) await waits;
    }
  }
}
