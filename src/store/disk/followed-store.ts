/**
 * Serves the folder that a path leads to, and follows the path when it leads to another folder: after a
 * disk was unmounted and mounted again, a link was changed, or another folder was renamed to this name.
 * Requests that are under way go on in the folder in which they began. While the path leads nowhere, every
 * request is refused.
 */
import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { LIBRARY_CHECK } from "../../limits.ts";
import { type DiskOptions, DiskStore } from "./disk.ts";
import { type Facts, factsOf, sameThing } from "../system/facts.ts";
import { AT_FDCWD, ERRNO, statAt, systemError } from "../system/kernel.ts";
import { quote } from "../names.ts";
import type {
  CreateOptions,
  MaybePromise,
  Page,
  PageRequest,
  Store,
  StoreEntry,
} from "../store.ts";

/** Errors of the path itself: after any other one the library may still be there. */
const GONE = new Set<ErrorCode>(["NOT_A_DIRECTORY", "NOT_FOUND", "PERMISSION_DENIED"]);

export class FollowedStore implements Store {
  readonly takesHoles = true;
  readonly #path: string;
  readonly #options: DiskOptions;
  readonly #onMoved: (() => void) | undefined;
  #store: DiskStore;
  /** Whether a mount begins there: while it is unmounted, the path leads to its empty mount point. */
  #isMount: boolean;
  /** Stores of folders served before, until everything that is under way in them is over. */
  readonly #retiring = new Map<DiskStore, Promise<void>>();
  #checked = performance.now();
  /** The error of every request at the moment. */
  #missing: LeatError | undefined;

  /** @param onMoved called when it has followed the path to another folder @throws as `openDiskStore` */
  constructor(folder: string, options: DiskOptions = {}, onMoved?: () => void) {
    this.#path = resolve(folder);
    this.#options = options;
    this.#onMoved = onMoved;
    this.#store = DiskStore.open(folder, options);
    this.#isMount = isMount(this.#path, this.#store.root);
  }

  get readOnly(): boolean {
    return this.#store.readOnly;
  }

  page(folder: string, request: PageRequest): Promise<Page> {
    return this.#now().page(folder, request);
  }

  stat(path: string): StoreEntry {
    return this.#now().stat(path);
  }

  open(path: string): ReturnType<DiskStore["open"]> {
    return this.#now().open(path);
  }

  readWhole(...args: Parameters<DiskStore["readWhole"]>): string | undefined {
    return this.#store.readWhole(...args); // the page with the entry was checked just before
  }

  writeWhole(...args: Parameters<DiskStore["writeWhole"]>): StoreEntry | undefined {
    try {
      return this.#now().writeWhole(...args);
    } catch {
      return undefined; // `create` tells why the library is not there
    }
  }

  create(path: string, options: CreateOptions): ReturnType<DiskStore["create"]> {
    return this.#now().create(path, options);
  }

  remove(path: string, ifMatch?: string): MaybePromise<void> {
    return this.#now().remove(path, ifMatch);
  }

  makeDirectory(...args: Parameters<DiskStore["makeDirectory"]>): MaybePromise<StoreEntry> {
    return this.#now().makeDirectory(...args);
  }

  makeLink(...args: Parameters<DiskStore["makeLink"]>): MaybePromise<StoreEntry> {
    return this.#now().makeLink(...args);
  }

  setAttributes(...args: Parameters<DiskStore["setAttributes"]>): MaybePromise<StoreEntry> {
    return this.#now().setAttributes(...args);
  }

  get modeBits(): number {
    return this.#store.modeBits;
  }

  rename(...args: Parameters<DiskStore["rename"]>): MaybePromise<StoreEntry> {
    return this.#now().rename(...args);
  }

  freeBytes(): number | undefined {
    return this.#now().freeBytes();
  }

  /** Waits for everything that is under way, then closes the store. The caller begins nothing more. */
  async retire(): Promise<void> {
    await Promise.all([this.#store.retire(), ...this.#retiring.values()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#store, ...this.#retiring.keys()];
    await Promise.all(all.map((store) => store[Symbol.asyncDispose]()));
    await Promise.all(this.#retiring.values());
  }

  /** Looks where the path leads now: for one who knows that it has changed, and whose requests go elsewhere. */
  follow(): void {
    this.#checked = performance.now();
    this.#missing = this.#check();
  }

  /** @throws UNAVAILABLE */
  #now(): DiskStore {
    if (performance.now() - this.#checked >= LIBRARY_CHECK) this.follow();
    if (this.#missing !== undefined) throw this.#missing;
    return this.#store;
  }

  /** Follows the path. @returns the error of requests from now on */
  #check(): LeatError | undefined {
    try {
      const facts = factsAt(this.#path);
      const { root } = this.#store;
      const isSame = sameThing(facts, root) && facts.mount === root.mount;
      if (isSame && this.#store.isInPlace) return undefined;
      const mount = isMount(this.#path, facts);
      if (this.#isMount && !mount) return missing(this.#path, "its disk is not mounted");
      const next = DiskStore.open(this.#path, this.#options);
      this.#retire(this.#store);
      this.#store = next;
      this.#isMount = mount;
      this.#onMoved?.();
      return undefined;
    } catch (thrown) {
      const error = LeatError.from(thrown, "it cannot be opened");
      // Without descriptors or memory, the path cannot be checked: everything stays as it was.
      if (!GONE.has(error.code)) return this.#missing;
      return missing(this.#path, error.message);
    }
  }

  #retire(store: DiskStore): void {
    // An error of the old store is no reason not to serve the next one.
    const retired = store.retire().catch(() => {});
    const over = retired.finally(() => void this.#retiring.delete(store));
    this.#retiring.set(store, over);
  }
}

function missing(path: string, why: string): LeatError {
  const message = `the library ${quote(path)} is not there at the moment: ${why}`;
  return new LeatError("UNAVAILABLE", message, { retryAfter: LIBRARY_CHECK });
}

/** @throws the system's error */
function factsAt(path: string): Facts {
  const real = realpathSync(path);
  const facts = statAt(AT_FDCWD, real);
  if (typeof facts === "object") return facts;
  // stat does not tell mounts apart: it replaces a statx that is missing, never one that failed.
  if (facts !== -ERRNO.ENOSYS) throw systemError(-facts, "statx");
  return factsOf(statSync(real, { bigint: true }));
}

/** Whether a folder is where a file system, or a part of one, is mounted. */
function isMount(path: string, facts: Facts): boolean {
  const above = factsAt(`${realpathSync(path)}/..`);
  if (sameThing(above, facts)) return true; // the root of the system
  return above.device !== facts.device || above.mount !== facts.mount;
}
