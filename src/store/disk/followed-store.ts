/**
 * Serves the folder that a path leads to, also when that becomes another one: a disk that is unmounted
 * and comes back, a link that is turned, a folder that is renamed into the place of another. Requests
 * that are under way go on in the folder in which they began. While nothing is there, every request is told so.
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
  DurabilityLevel,
  MaybePromise,
  Page,
  PageRequest,
  Store,
  StoreEntry,
} from "../store.ts";

/** Only these tell of the path itself that no library can be served from it. */
const SAYS_GONE = new Set<ErrorCode>(["NOT_A_DIRECTORY", "NOT_FOUND", "PERMISSION_DENIED"]);

export class FollowedStore implements Store {
  readonly #path: string;
  readonly #options: DiskOptions;
  #store: DiskStore;
  /** Whether a disk begins there: without it, what is there is only the place for one. */
  #isMount: boolean;
  /** Those whose folder is no longer the one, until all that is under way there is over. */
  readonly #retiring = new Map<DiskStore, Promise<void>>();
  #looked = performance.now();
  /** Why nothing can be served at the moment. */
  #missing: LeatError | undefined;

  /** @throws as `openDiskStore` */
  constructor(folder: string, options: DiskOptions = {}) {
    this.#path = resolve(folder);
    this.#options = options;
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

  create(path: string, options: CreateOptions): ReturnType<DiskStore["create"]> {
    return this.#now().create(path, options);
  }

  remove(path: string, ifMatch?: string): void {
    this.#now().remove(path, ifMatch);
  }

  makeDirectory(
    path: string,
    parents: boolean,
    durability: DurabilityLevel = "none",
  ): MaybePromise<StoreEntry> {
    return this.#now().makeDirectory(path, parents, durability);
  }

  rename(
    from: string,
    to: string,
    replace: boolean,
    durability: DurabilityLevel = "none",
  ): MaybePromise<StoreEntry> {
    return this.#now().rename(from, to, replace, durability);
  }

  freeBytes(): number | undefined {
    return this.#now().freeBytes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#store, ...this.#retiring.keys()];
    await Promise.all(all.map((store) => store[Symbol.asyncDispose]()));
    await Promise.all(this.#retiring.values());
  }

  /** @throws UNAVAILABLE */
  #now(): DiskStore {
    const now = performance.now();
    if (now - this.#looked >= LIBRARY_CHECK) {
      this.#looked = now;
      this.#missing = this.#look();
    }
    if (this.#missing !== undefined) throw this.#missing;
    return this.#store;
  }

  /** @returns why there is nothing to serve */
  #look(): LeatError | undefined {
    try {
      const facts = factsAt(this.#path);
      const { root } = this.#store;
      if (sameThing(facts, root) && facts.mount === root.mount) return undefined;
      const mount = isMount(this.#path, facts);
      if (this.#isMount && !mount) return missing(this.#path, "its disk is not mounted");
      const next = DiskStore.open(this.#path, this.#options);
      this.#retire(this.#store);
      this.#store = next;
      this.#isMount = mount;
      return undefined;
    } catch (thrown) {
      const error = LeatError.from(thrown, "it cannot be opened");
      // Without descriptors or memory nothing is known of the path: what was known stands.
      if (!SAYS_GONE.has(error.code)) return this.#missing;
      return missing(this.#path, error.message);
    }
  }

  #retire(store: DiskStore): void {
    // That it cannot let go of something is no reason not to serve the next one.
    const letGo = store.retire().catch(() => {});
    const over = letGo.finally(() => void this.#retiring.delete(store));
    this.#retiring.set(store, over);
  }
}

function missing(path: string, why: string): LeatError {
  const message = `the library ${quote(path)} is not there at the moment: ${why}`;
  return new LeatError("UNAVAILABLE", message, { retryAfter: LIBRARY_CHECK });
}

/** @throws what stat does */
function factsAt(path: string): Facts {
  const real = realpathSync(path);
  const facts = statAt(AT_FDCWD, real);
  if (typeof facts === "object") return facts;
  // stat does not tell mounts apart: it stands in where there is no statx, never for one that failed.
  if (facts !== -ERRNO.ENOSYS) throw systemError(-facts, "statx");
  return factsOf(statSync(real, { bigint: true }));
}

/** Whether another file system, or another place of one, begins at a folder. */
function isMount(path: string, facts: Facts): boolean {
  const above = factsAt(`${realpathSync(path)}/..`);
  if (sameThing(above, facts)) return true; // the root of all
  return above.device !== facts.device || above.mount !== facts.mount;
}
