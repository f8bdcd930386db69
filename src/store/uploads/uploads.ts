/**
 * Uploads into a library: those that are open, those that were interrupted and may be continued, and for a
 * day those that are done. All that is known of them is on disk, so that another process, or the next
 * one, can go on with them.
 */

import { LeatError } from "../../errors.ts";
import { TRIES_CHECK, UNNAMED_BELOW, UPLOAD_WINDOW } from "../../limits.ts";
import { randomBytes } from "../../hash.ts";
import { below, checkPath, isSegment, quote } from "../names.ts";
import type { Library, OpenPlace } from "../resolve/library.ts";
import { entryBehindLink } from "../resolve/link-entry.ts";
import { mayBeOwnFolder } from "../resolve/own-folder.ts";
import type { CreateOptions, NewFile, StoreEntry } from "../store.ts";
import { descriptorFacts } from "../system/descriptor.ts";
import { writePace } from "../system/disk-pace.ts";
import { versionedEntry } from "../system/entry.ts";
import { bytesOf, type Facts } from "../system/facts.ts";
import { isDirectory, takenOver } from "../system/refusals.ts";
import type { Versions } from "../system/versions.ts";
import { checkCollision, type Skipped } from "../write/collision.ts";
import { DiskSink } from "../write/disk-sink.ts";
import { checkFree } from "../write/free-space.ts";
import { FILE_MODE, partialMode } from "../write/new-mode.ts";
import { abandon, type PartialFile } from "../write/partial.ts";
import { type Replacing, writeWhole } from "../write/whole-file.ts";
import { partialName } from "./partial-name.ts";
import { keyOf } from "./receipt-record.ts";
import { type Created, type RetriedPartial, RetriedUpload } from "./retried-upload.ts";
import { FIRST_TRY } from "./tries.ts";
import { type UploadFolderOptions, UploadFolders } from "./upload-folders.ts";
import { UploadTarget } from "./upload-target.ts";

const UPLOAD_ID_BYTES = 16;

export class Uploads implements AsyncDisposable {
  readonly library: Library;
  readonly versions: Versions;
  readonly folders: UploadFolders;
  readonly open = new Set<UploadTarget>();
  /** Retried uploads that are not open yet. */
  readonly #retried = new Set<Promise<Created>>();
  #isClosing = false;
  /** Runs while uploads are open that hold a lock: watches for newer tries, which wait for it. */
  #watch: ReturnType<typeof setInterval> | undefined;
  /** The count of tries when it last watched. */
  #watched = 0;

  constructor(library: Library, versions: Versions, options: UploadFolderOptions) {
    this.library = library;
    this.versions = versions;
    this.folders = new UploadFolders(library, options);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  create(path: string, options: CreateOptions): Created | Promise<Created> {
    if (options.uploadId.length !== UPLOAD_ID_BYTES) {
      const message = `an upload id has ${UPLOAD_ID_BYTES} bytes, not ${options.uploadId.length}`;
      throw new LeatError("INVALID_ARGUMENT", message);
    }
    if (options.resume === undefined) return this.begin(path, options);
    const retried = new RetriedUpload(this, path, options).run();
    this.#retried.add(retried);
    const done = (): void => void this.#retried.delete(retried);
    retried.then(done, done);
    return retried;
  }

  /** Resolves when no upload is open. */
  async idle(): Promise<void> {
    while (this.#retried.size + this.open.size > 0) {
      const ends = [...this.open].map(({ sink }) => sink.released);
      await Promise.allSettled([...this.#retried, ...ends]);
    }
  }

  /** Waits for commits that are under way, and discards every other open Sink. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    await Promise.allSettled(this.#retried);
    await Promise.allSettled([...this.open].map(({ sink }) => sink.close()));
    clearInterval(this.#watch);
    this.folders[Symbol.dispose]();
  }

  begin(path: string, options: CreateOptions, retried?: RetriedPartial): DiskSink | Skipped {
    if (this.#isClosing) throw new LeatError("UNAVAILABLE", "the library is being closed");
    const place = this.library.placeNow(path, isDirectory);
    // All bytes of a small file come right behind its request: its commit can check the name.
    const commitChecks = options.collision === "fail" && isSmall(options, UPLOAD_WINDOW + 1);
    const existing = commitChecks ? undefined : place.folder.stat(place.name);
    const taken = checkCollision(existing, options, path, this.versions);
    if (taken !== undefined) return this.#skip(path, place.name, taken);
    const partial = this.#openPartial(path, place, options, retried?.partial);
    const { uploadId = options.uploadId, number = FIRST_TRY, resumed } = retried ?? {};
    try {
      if (options.size !== undefined) partial.reserve(options.size);
      if (partial.isNamed) this.#beginWithLock(path, uploadId, number);
      const target = new UploadTarget(this, path, uploadId, number, options);
      target.sink = new DiskSink(partial, target, resumed ? { ...options, resumed } : options);
      return target.sink;
    } catch (error) {
      // That of a retried upload goes back to the caller, which found it.
      if (retried === undefined) abandon(partial);
      throw error;
    }
  }

  /** As `Store.writeWhole`. */
  writeWhole(
    folder: string,
    { name, modified, mode = FILE_MODE, replaces }: NewFile,
    bytes: Uint8Array,
    checkFirst: boolean,
  ): StoreEntry | undefined {
    // The own folder, and modes that need one more system call, are left to the ordinary way.
    const isPlain = isSegment(name) && !mayBeOwnFolder(name) && partialMode(mode) === mode;
    if (!isPlain || this.#isClosing || !writePace.mayBlock) return undefined;
    try {
      const place = this.library.folderNow(folder);
      const { fd } = place;
      if (fd === undefined || !this.folders.partials.canPublishTo(place)) return undefined;
      const { usage } = this.library;
      const replacing = replaces === true ? this.#replacing(below(folder, name)) : undefined;
      const file = { name, modified, mode, replacing };
      usage?.take(bytes.length, 1);
      const entry = writePace.onLoop(() =>
        writeWhole(fd, file, bytes, checkFirst, (written) =>
          versionedEntry(name, descriptorFacts(written), this.versions),
        ),
      );
      if (entry === undefined) usage?.give(bytes.length, 1);
      return entry;
    } catch {
      return undefined;
    }
  }

  /** By a name among the partial files, where it is found if this process is killed. */
  #replacing(path: string): Replacing | undefined {
    const { folder } = this.folders.partials;
    const { fd } = folder;
    if (fd === undefined) return undefined;
    const options = {
      uploadId: randomBytes(UPLOAD_ID_BYTES),
      collision: "replace",
      durability: "none",
    } as const;
    return {
      temporary: () => ({ folder: fd, name: partialName(path, options) }),
      replaced: (existing) => this.library.usage?.give(bytesOf(existing), 1),
    };
  }

  /** Older tries of an upload that are open in this process let go of it. */
  async takeOver(path: string, uploadId: Uint8Array, number: number): Promise<void> {
    for (const target of this.open) {
      if (target.number < number && target.isOf(path, uploadId)) await handOver(target);
    }
  }

  /**
   * From now on a newer try waits for this one. If a newer one came before, this is the first try, and its
   * request was under way for long: the newer one goes on.
   * @throws UNAVAILABLE
   */
  #beginWithLock(path: string, uploadId: Uint8Array, number: number): void {
    const { tries } = this.folders.receipts;
    tries.refresh();
    if (!tries.isNewest(keyOf(uploadId, path), number, tries.count)) throw takenOver(path);
    this.#watch ??= setInterval(() => this.#checkForNewer(), TRIES_CHECK);
    this.#watch.unref();
  }

  /** Another process may have begun a newer try of an upload that is open here. */
  #checkForNewer(): void {
    if (this.open.size === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      return;
    }
    try {
      const { tries } = this.folders.receipts;
      tries.refresh();
      if (tries.count === this.#watched) return;
      this.#watched = tries.count;
      for (const target of this.open) {
        if (!target.isNewest(tries)) void handOver(target).catch(() => {});
      }
    } catch {
      // The next check may be able to.
    }
  }

  /** The entry that has the name: what a link leads to, where that can be seen, else the link. */
  #skip(path: string, name: string, facts: Facts): Skipped {
    const { library, versions } = this;
    const target =
      facts.kind === "LINK" ? entryBehindLink(library, checkPath(path), versions) : undefined;
    return { skipped: target ?? versionedEntry(name, facts, versions) };
  }

  /** @param found what an earlier try has left */
  #openPartial(
    path: string,
    place: OpenPlace,
    options: CreateOptions,
    found: PartialFile | undefined,
  ): PartialFile {
    const { partials } = this.folders;
    if (!partials.canPublishTo(place.folder)) {
      const message = `${quote(path)} is on another file system than the partial files`;
      throw new LeatError("CROSS_DEVICE", message);
    }
    const mode = partialMode(options.mode);
    // To replace another file, it needs a name among the partial files.
    const mayNeedName = options.collision === "replace";
    if (isSmall(options, UNNAMED_BELOW) && !(mayNeedName && partials.isRemoved)) {
      const unnamed = partials.createUnnamed(() => partialName(path, options), place.folder, mode);
      if (unnamed !== undefined) return unnamed;
    }
    return this.folders.inPartials((own) => {
      checkFree(own.folder, options, path, found?.size);
      return found ?? own.create(partialName(path, options), path, place.folder, mode);
    });
  }
}

/** An older try ends, unless it is being committed; then its end is waited for. */
async function handOver({ sink, options }: UploadTarget): Promise<void> {
  // First its client hears of it: from then on nothing more is written.
  if (sink.isOpen) options.onTakenOver?.();
  await sink.handOver();
}

/** Whether it is a first try of fewer bytes than this: its partial file needs no name. */
function isSmall({ size, resume }: CreateOptions, below: number): boolean {
  return size !== undefined && size < below && resume === undefined;
}
