/**
 * The contract of a place that keeps files. The disk (disk/disk.ts) is the default. A store of objects
 * fits as well: there a Sink is a multipart upload, `commit` is conditional, `rename` is missing and
 * pages come in byte order by themselves.
 *
 * Paths are names of the wire (names.ts); the store checks them once more. Every method throws a
 * LeatError, whose message names the path.
 *
 * A method may answer at once or with a promise (`MaybePromise`): callers on a fast path test for one
 * before they await.
 */

/** An answer, or a promise of one. */
export type MaybePromise<T> = T | Promise<T>;

/** OTHER is never opened: a pipe, a device, a link that leads outside. */
export type EntryKind = "FILE" | "DIRECTORY" | "OTHER";

/** Seconds since 1970 (negative before) and nanoseconds (0 to 999,999,999). */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A file or a folder, as a store has it. */
export interface StoreEntry {
  /** Last segment of the path; "" for the library itself. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Bytes; 0 unless a file. */
  readonly size: number;
  readonly modified: Time;
  /** Permission bits, at most 0777; undefined where the store has none, or does not know them. */
  readonly mode?: number | undefined;
  /** Opaque: differs when the contents may differ. Files only, "" elsewhere and in pages. */
  readonly version: string;
  /** The name is a link, and the rest tells what it leads to. In pages only. */
  readonly link?: boolean;
  /** The text of a link that leads to something in the library; only where it was asked for. */
  readonly target?: string | undefined;
}

/** An entry of a page. If its facts cannot be read it has its name only: OTHER, and no time. */
export interface PageEntry extends Omit<StoreEntry, "modified"> {
  readonly modified?: Time | undefined;
}

/** The facts of an entry whose name comes as bytes. */
export type NamelessEntry = Omit<PageEntry, "name">;

/**
 * A part of a folder, its names in the order of their UTF-8 bytes. Over the pages of a listing every
 * name that is there all the time comes exactly once; one that comes or goes meanwhile may or may
 * not be seen.
 */
export interface Page {
  readonly entries: readonly PageEntry[];
  /**
   * Where the next page starts; undefined on the last. Stateless: any store of the same folder takes
   * it, at any time.
   */
  readonly cursor: string | undefined;
  /** Names left out because the wire has no form for them: not UTF-8, or with control characters. */
  readonly skippedNames: number;
}

/** Which part of a folder is asked for. */
export interface PageRequest {
  /** The last cursor; undefined from the start. */
  readonly cursor?: string | undefined;
  /** In place of a cursor: the page begins behind this name. */
  readonly after?: string | undefined;
  /** Entries at most; a page that is not the last has at least one. */
  readonly limit: number;
  /**
   * Bytes at most. Without a taker each entry is counted as its name and ENTRY_ROOM: never less than the page
   * takes when encoded. The first entry is always taken.
   */
  readonly bytes: number;
  /** Names that begin with "." too. */
  readonly hidden: boolean;
  /** Takes the entries in place of `Page.entries`, which then is empty: an object of each takes longer than finding it. */
  readonly taker?: EntryTaker;
  /** Whether links have their `target`. */
  readonly linkTargets?: boolean | undefined;
  /** Whether the page was given up: it may then end early. */
  readonly isOver?: () => boolean;
}

/** Takes the entries of a page one by one. */
export interface EntryTaker {
  /**
   * Takes an entry; called in the order of the names.
   * @param bytes its name is bytes[start, end), UTF-8 that the wire can carry, valid until this returns
   * @param facts valid until this returns
   */
  take(bytes: Uint8Array, start: number, end: number, facts: NamelessEntry): void;
  /** Bytes of what it took: they decide whether the page has room for the next one. */
  readonly bytes: number;
}

/** An open file to read from. One open file serves a whole get, whatever happens to its name. */
export interface Source extends Disposable {
  readonly entry: StoreEntry;
  /**
   * Reads into all of `into` from `position`.
   * @returns bytes read; fewer than asked only at the end of the file
   */
  read(into: Uint8Array, position: number): MaybePromise<number>;
  /**
   * Gets bytes ready while the disk is slow, so that `read` answers at once. The source may not be
   * disposed meanwhile.
   * @param length in bytes, up to BLOCK_SIZE: what is beyond is left to `read`
   * @returns undefined where they may be read without
   */
  fetch?(position: number, length: number): Promise<void> | undefined;
  /** Bytes that it takes in the store, where it has holes, as far as known. */
  readonly allocated?: number | undefined;
  /**
   * How many bytes from `position` on are a hole: zeros that need not be read. Missing: the store has no holes.
   * @returns 0 where they are no hole, or the store cannot tell
   */
  holeAt?(position: number): number;
  /** Whether `read` always answers at once, so that unsent bytes may be dropped and read again. */
  readonly synchronous: boolean;
  /**
   * The version now: differs from `entry.version` when the file may have been changed meanwhile. Where
   * the store can't tell these apart, another mode or another name makes another version, too.
   */
  currentVersion(): MaybePromise<string>;
  /**
   * When the version is another: whether the contents may still be the same, so that reading and
   * comparing them is worth while. Missing: they are not.
   * @returns milliseconds until any later change is sure to make another version; undefined where the
   *   contents are others
   */
  comparableIn?(): number | undefined;
  /** A descriptor, where the store has one, for kernel copies; -1 once disposed. */
  readonly fd?: number;
  /**
   * Whether any change since it was opened makes another version. Not so for a file that was changed
   * just before: the store's clock may not have moved since.
   */
  readonly settled?: boolean;
}

/** When the name is taken: refuse, put the new file in its place, or leave the old one. */
export type Collision = "fail" | "replace" | "skip";

/** The meaning of a success: with `fsync` the file and its name are on disk, or as safe as the store
 *  makes them; with `none` they are visible. */
export type DurabilityLevel = "fsync" | "none";

/** What a folder is to get besides its name. */
export interface FolderAttributes {
  /** Also of a folder that exists. */
  readonly modified?: Time | undefined;
  /**
   * Permission bits of a new folder, less what the store takes from all new ones (a umask): 0777 unless given. One that
   * exists keeps its own, unless it has these and 0700, as while it is filled: then it gets these.
   */
  readonly mode?: number | undefined;
}

/** What a file or folder that exists is to get; what is undefined stays. */
export interface Attributes {
  readonly modified?: Time | undefined;
  /** Permission bits, of which `Store.modeBits` are set. */
  readonly mode?: number | undefined;
}

/** How to make a link. */
export interface LinkOptions {
  readonly collision: Collision;
  readonly durability: DurabilityLevel;
  /** It may be there already, from an earlier try. */
  readonly again?: boolean | undefined;
}

/** A small file that is to come. */
export interface NewFile {
  /** One segment. */
  readonly name: string;
  readonly modified?: Time | undefined;
  /** As in `CreateOptions`. */
  readonly mode?: number | undefined;
  /** A file that has the name is replaced, and its mode kept. */
  readonly replaces?: boolean | undefined;
}

/** A file that is to come. */
export interface CreateOptions {
  /** 16 bytes, from the client, the same over all retries. */
  readonly uploadId: Uint8Array;
  /** Bytes, when known: space may be reserved, more is refused. */
  readonly size?: number | undefined;
  /** Bytes that it may take where holes take none, when known: what has to be free for it. All of `size` unless given. */
  readonly allocated?: number | undefined;
  readonly modified?: Time | undefined;
  /**
   * Permission bits of a new file, less what the store takes from all new ones (a umask): 0666 unless
   * given. A file that is replaced keeps its own.
   */
  readonly mode?: number | undefined;
  readonly collision: Collision;
  /** With "replace": only this version may be replaced. */
  readonly ifMatch?: string | undefined;
  readonly durability: DurabilityLevel;
  /** Continue an earlier try; if one was committed already, answer with its receipt. */
  readonly resume?: ResumeOptions | undefined;
  /** A newer try of the same upload has taken the partial over: nothing more can be written. */
  readonly onTakenOver?: () => void;
  /** Whether the upload was given up: the search for an earlier try may then end early. */
  readonly isOver?: (() => boolean) | undefined;
  /** Its sender, as `127.0.0.1:40312`: unfinished uploads of one address are counted together. */
  readonly peer?: string | undefined;
}

/** How to continue an upload that was interrupted. */
export interface ResumeOptions {
  /** How the file begins: finds a partial of the same target, size and time without its id. */
  readonly prefix?: Prefix | undefined;
  /** Begin anew: only what was committed already is not done twice. */
  readonly fresh?: boolean | undefined;
}

/** The first bytes of a file. */
export interface Prefix {
  /** Bytes. */
  readonly length: number;
  readonly crc32: number;
}

/** The checksums of all bytes of a file that is to be committed. */
export interface CommitDigest {
  readonly crc32: number;
  readonly sha256?: Uint8Array | undefined;
}

/** Requested things that the file system cannot do; the contents are there all the same. */
export interface NotDone {
  /** The permission bits could not be set. */
  readonly mode?: boolean | undefined;
  /** The modified time could not be set. */
  readonly modified?: boolean | undefined;
  /** The file, or its name, could not be put on disk: a power cut may undo it. */
  readonly sync?: boolean | undefined;
}

/** A file that was just committed. */
export interface Stored extends StoreEntry {
  readonly notDone?: NotDone | undefined;
}

/** An upload that was committed before, as it was answered then. */
export interface Committed extends CommitDigest {
  /** The file as it is; as it was, without a version, if another has its name by now. */
  readonly entry: StoreEntry;
  readonly durability: DurabilityLevel;
  readonly notDone?: NotDone | undefined;
}

/** A partial that is continued. */
export interface Resumed {
  /** CRC-32 of the bytes before `durableOffset`. */
  readonly crc32: number;
  /** The id with which the upload was begun. */
  readonly uploadId: Uint8Array;
}

/**
 * A file on its way in. Nothing is visible under its name before `commit`; the partial is the
 * Sink's own business. Ends with exactly one of `commit`, `keep`, `discard`; disposing an open one
 * discards it.
 */
export interface Sink extends AsyncDisposable {
  /** Offset at which this Sink continues an earlier one, in bytes; 0 unless `resumed`. */
  readonly durableOffset: number;
  /** The partial that it continues: the next byte is the one at `durableOffset`. */
  readonly resumed?: Resumed | undefined;
  /**
   * Takes the next bytes, in order. The caller may reuse `bytes`, and write again, when the answer
   * is there. After a write that failed there is no commit.
   * @param position of the first byte, in bytes: exactly where the last write ended
   * @throws NO_SPACE, QUOTA_EXCEEDED, IO_ERROR, SIZE_MISMATCH (more than declared), INTERNAL (another
   *   position, or the answer to the last write was not waited for)
   */
  write(bytes: Uint8Array, position: number): MaybePromise<void>;
  /**
   * Takes zeros in place of the next bytes, as `write` does: they become a hole, where the store can do that. Missing:
   * see `Store.takesHoles`.
   * @param length in bytes, as many as they may be
   * @throws as `write`; TOO_LARGE
   */
  writeHole?(length: number, position: number): MaybePromise<void>;
  /**
   * Makes the file visible, whole, and as durable as was asked or the file system can. If it fails,
   * nothing was made visible and the partial is gone. One exception: where another file was replaced and
   * the disk then failed, the new one stays.
   * @param digest kept for a day, for a client that does not get the answer
   * @returns the entry under its name, version included
   * @throws ALREADY_EXISTS when the name was taken meanwhile and the collision is "fail" or "skip";
   *   IS_A_DIRECTORY;
   *   PRECONDITION_FAILED, SIZE_MISMATCH (fewer than declared), NOT_FOUND (the folder is gone), IO_ERROR
   */
  commit(digest?: CommitDigest): Promise<Stored>;
  /**
   * Leaves the partial for a later try. Does nothing once the Sink has ended. A store may keep less, as
   * whole parts: the next Sink's `durableOffset` says how much.
   * @param length bytes of it that are good; all unless given
   * @param after resolves when nothing is written any more
   */
  keep(length?: number, after?: Promise<void>): MaybePromise<void>;
  /** Removes the partial. */
  discard(): MaybePromise<void>;
}

/** A place that keeps files: the folder of `openDiskStore`, or one of your own. Disposed with its server. */
export interface Store extends AsyncDisposable {
  readonly readOnly: boolean;
  /** Whether each `Sink` has `writeHole`: then clients may send holes, and get those of a `Source`. Missing: they don't. */
  readonly takesHoles?: boolean;
  /** @throws NOT_FOUND, NOT_A_DIRECTORY, INVALID_ARGUMENT (a cursor of another store) */
  page(folder: string, request: PageRequest): MaybePromise<Page>;
  /** @throws NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED (a link leads outside) */
  stat(path: string): MaybePromise<StoreEntry>;
  /**
   * @param use whether the contents leave, or only a digest of them; what a user may do can depend on it
   * @throws NOT_FOUND, IS_A_DIRECTORY, NOT_A_REGULAR_FILE, PERMISSION_DENIED
   */
  open(path: string, use?: "read" | "checksum"): MaybePromise<Source>;
  /**
   * Reads a whole small file at once. Missing where the store cannot do that. Throws nothing.
   * @param folder its path
   * @param entry the file as a page had it, no link
   * @param into as many bytes as the file has
   * @returns the version that all of it is of; undefined unless it has the size and time of `entry`: `open` tells why
   */
  readWhole?(folder: string, entry: PageEntry, into: Uint8Array): string | undefined;
  /**
   * Writes a whole small file at once, under a name that is free or that of a file to replace, with the durability `none`.
   * Missing where the store cannot do that. Throws nothing.
   * @param folder its path
   * @param checkFirst checks that the name is free before the bytes are written, too
   * @returns undefined where nothing was changed: `create` can do it, or tells why not
   */
  writeWhole?(
    folder: string,
    file: NewFile,
    bytes: Uint8Array,
    checkFirst: boolean,
  ): StoreEntry | undefined;
  /**
   * @throws ALREADY_EXISTS and IS_A_DIRECTORY (where a small file is not to replace one, `commit` may
   *   tell), NOT_FOUND (the parent), PRECONDITION_FAILED, READ_ONLY,
   *   CROSS_DEVICE, NO_SPACE, UNAVAILABLE (the same upload still runs)
   * @returns the entry that exists when the collision is "skip" and the name is taken; what was
   *   answered when the upload was committed before
   */
  create(
    path: string,
    options: CreateOptions,
  ): MaybePromise<Sink | { readonly skipped: StoreEntry } | { readonly committed: Committed }>;
  /** Removes a file or an empty folder. @throws NOT_FOUND, DIRECTORY_NOT_EMPTY, PRECONDITION_FAILED */
  remove(path: string, ifMatch?: string): MaybePromise<void>;
  /**
   * @param parents makes those above it too, and takes a folder that exists for made
   * @param durability with "fsync", not the default, the names of the folders that were made are on disk then
   * @param attributes of the folder itself; the entry shows which of them it got
   * @throws ALREADY_EXISTS, NOT_FOUND (the parent), NOT_A_DIRECTORY, IO_ERROR
   */
  makeDirectory(
    path: string,
    parents: boolean,
    durability?: DurabilityLevel,
    attributes?: FolderAttributes,
  ): MaybePromise<StoreEntry>;
  /**
   * Makes a symbolic link. Missing where the store has none.
   * @param target leads to something in the library (`leadsWithin`)
   * @throws ALREADY_EXISTS, also where a "replace" is to replace something else than a link; IS_A_DIRECTORY, NOT_FOUND,
   *   PERMISSION_DENIED (a link on the way), INVALID_ARGUMENT (the target), READ_ONLY
   */
  makeLink?(path: string, target: string, options: LinkOptions): MaybePromise<StoreEntry>;
  /**
   * Changes permission bits and the modified time of a file or folder, and not what is in it. Not put on disk. Missing
   * where the store keeps neither.
   * @param ifMatch only this version of a file is changed
   * @returns what it has then
   * @throws NOT_FOUND, PERMISSION_DENIED (a link), NOT_A_REGULAR_FILE, PRECONDITION_FAILED, INVALID_ARGUMENT (the library
   *   itself), READ_ONLY
   */
  setAttributes?(path: string, attributes: Attributes, ifMatch?: string): MaybePromise<StoreEntry>;
  /** The permission bits that `setAttributes` can set, and new files can have: 0 where all have the same. */
  readonly modeBits?: number;
  /**
   * Missing where the store has no rename.
   * @param replace a file may take the place of a file, a folder that of an empty folder
   * @param durability with "fsync", not the default, the new name is on disk then
   * @throws ALREADY_EXISTS unless `replace`; NOT_FOUND, IS_A_DIRECTORY, NOT_A_DIRECTORY,
   *   DIRECTORY_NOT_EMPTY, CROSS_DEVICE, INVALID_ARGUMENT (into itself)
   */
  rename?(
    from: string,
    to: string,
    replace: boolean,
    durability?: DurabilityLevel,
  ): MaybePromise<StoreEntry>;
  /** Free bytes; undefined when the store cannot tell. */
  freeBytes?(): MaybePromise<number | undefined>;
}
