/**
 * A store as one user sees it: every operation goes through here, with the name that it is about. The store behind
 * it serves the user's root, follows no link from one rule to another, and keeps the user's uploads apart.
 *
 * What a user may not know of does not exist: NOT_FOUND. Anything else that is not permitted is PERMISSION_DENIED,
 * before the store is asked: neither answer tells whether a file is there.
 */
import { LeatError } from "../../errors.ts";
import { ENTRY_ROOM } from "../../limits.ts";
import { EntryObjects } from "../entry-objects.ts";
import { below, checkPath, quote } from "../names.ts";
import type {
  Attributes,
  Collision,
  CreateOptions,
  DurabilityLevel,
  EntryTaker,
  FolderAttributes,
  MaybePromise,
  NamelessEntry,
  Page,
  PageEntry,
  PageRequest,
  Source,
  Store,
  StoreEntry,
} from "../store.ts";
import { type Permission, type Permissions, parentOf } from "./permissions.ts";

export class PermittedStore implements Store {
  readonly #store: Store;
  readonly #permissions: Permissions;
  // Missing where the store has none.
  readonly readWhole?: NonNullable<Store["readWhole"]>;
  readonly writeWhole?: NonNullable<Store["writeWhole"]>;
  readonly makeLink?: NonNullable<Store["makeLink"]>;
  readonly setAttributes?: NonNullable<Store["setAttributes"]>;
  readonly rename?: NonNullable<Store["rename"]>;
  readonly freeBytes?: NonNullable<Store["freeBytes"]>;

  /** @param store of the user's root; disposed with this one */
  constructor(store: Store, permissions: Permissions) {
    this.#store = store;
    this.#permissions = permissions;
    if (store.readWhole !== undefined) {
      this.readWhole = (folder, entry, into) =>
        permissions.has(below(folder, entry.name), "read")
          ? store.readWhole!(folder, entry, into)
          : undefined;
    }
    if (store.writeWhole !== undefined) {
      this.writeWhole = (folder, file, ...rest) => {
        const path = below(folder, file.name);
        const mayBe =
          permissions.mayChange(path, "write") &&
          (file.replaces !== true || permissions.mayChange(path, "overwrite"));
        return mayBe ? store.writeWhole!(folder, file, ...rest) : undefined; // `create` tells why
      };
    }
    // Where other names have other permissions, a link could tell of them, or lead others there.
    if (store.makeLink !== undefined && permissions.isUniform) {
      this.makeLink = (path, target, options) => {
        this.#mayMake(path, options.collision);
        return store.makeLink!(path, target, options);
      };
    }
    if (store.setAttributes !== undefined) {
      this.setAttributes = (path, attributes, ifMatch) => {
        this.#checkChange(path, "overwrite");
        this.#maySeeEntry(path);
        return store.setAttributes!(path, this.#reachable(path, attributes), ifMatch);
      };
    }
    if (store.rename !== undefined) {
      this.rename = (from, to, replace, durability) => {
        this.#mayRename(from, to, replace);
        return store.rename!(from, to, replace, durability);
      };
    }
    if (store.freeBytes !== undefined) this.freeBytes = () => store.freeBytes!();
  }

  get takesHoles(): boolean {
    return this.#store.takesHoles === true;
  }

  get readOnly(): boolean {
    return this.#store.readOnly || this.#permissions.isReadOnly;
  }

  get modeBits(): number {
    return this.#store.modeBits ?? 0;
  }

  async page(folder: string, asked: PageRequest): Promise<Page> {
    this.#check(folder);
    // A link may name what is hidden.
    const linkTargets = asked.linkTargets === true && this.#permissions.isUniform;
    const request = { ...asked, linkTargets };
    if (!this.#permissions.has(folder, "list")) return this.#leadingPage(folder, request);
    const isVisible = this.#permissions.filterOf(folder);
    if (isVisible === undefined) return this.#store.page(folder, request);
    const visible = new VisibleEntries(isVisible, request.taker);
    let page = await this.#store.page(folder, { ...request, taker: visible });
    let { skippedNames } = page;
    // A page that is not the last has an entry.
    while (visible.isEmpty && page.cursor !== undefined && request.isOver?.() !== true) {
      const { cursor } = page;
      const next = { ...request, taker: visible, after: undefined, cursor };
      page = await this.#store.page(folder, next);
      skippedNames += page.skippedNames;
    }
    return { entries: visible.entries, cursor: page.cursor, skippedNames };
  }

  stat(path: string): MaybePromise<StoreEntry> {
    this.#check(path);
    const may = this.#permissions;
    // A rule tells of its folder, and of those above it.
    const isKnown = may.isRule(path) || may.hasRulesBelow(path);
    if (!isKnown && !may.has(path, "list") && !may.has(path, "read")) throw denied("see", path);
    return this.#store.stat(path);
  }

  open(path: string, use: "read" | "checksum" = "read"): MaybePromise<Source> {
    this.#check(path, use);
    return this.#store.open(path, use);
  }

  create(path: string, options: CreateOptions): ReturnType<Store["create"]> {
    const { collision, ifMatch } = options;
    // Only a file that is there has the version to be replaced.
    if (collision === "replace" && ifMatch !== undefined) this.#checkChange(path, "overwrite");
    else this.#mayMake(path, collision);
    return this.#store.create(path, options);
  }

  remove(path: string, ifMatch?: string): MaybePromise<void> {
    this.#checkChange(path, "delete");
    this.#checkStays(path);
    return this.#store.remove(path, ifMatch);
  }

  makeDirectory(
    path: string,
    parents: boolean,
    durability?: DurabilityLevel,
    attributes?: FolderAttributes,
  ): MaybePromise<StoreEntry> {
    if (!parents) this.#checkChange(path, "mkdir");
    this.#check(path);
    const given = attributes && this.#reachable(path, attributes);
    const make = (): MaybePromise<StoreEntry> =>
      this.#store.makeDirectory(path, parents, durability, given);
    const folders = parents ? withParents(path) : [];
    const fixed = folders.find((folder) => !this.#permissions.mayChange(folder, "mkdir"));
    if (fixed === undefined) return make();
    // It cannot be made, but it may be there: then so are those above it.
    return this.#folderThere(fixed).then((entry) => (fixed === path ? entry : make()));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#store[Symbol.asyncDispose]();
  }

  #mayMake(path: string, collision: Collision): void {
    this.#checkChange(path, "write");
    if (collision === "replace") this.#checkChange(path, "overwrite");
    if (collision === "skip") this.#maySeeEntry(path);
  }

  /** The answer has the entry of what is there. @throws as `#check` */
  #maySeeEntry(path: string): void {
    if (!this.#permissions.has(path, "read")) this.#check(path, "list");
  }

  #mayRename(from: string, to: string, replace: boolean): void {
    this.#checkChange(from, "rename");
    this.#checkChange(to, "rename");
    if (replace) this.#checkChange(to, "overwrite");
    this.#checkStays(from);
    this.#checkStays(to);
    if (this.#permissions.isSame(from, to)) return;
    // It is as if all of it was read and removed here, and written there.
    this.#check(from, "list", "read", "delete");
    this.#check(to, "write", "mkdir");
  }

  /** @throws INVALID_NAME, NOT_FOUND, PERMISSION_DENIED */
  #check(path: string, ...permissions: readonly Permission[]): void {
    checkPath(path); // two spellings of one path could have two answers
    if (!this.#permissions.isVisible(path)) throw unseen(path);
    const missing = permissions.find((permission) => !this.#permissions.has(path, permission));
    if (missing !== undefined) throw denied(missing, path);
  }

  /** @throws as `#check` */
  #checkChange(path: string, permission: Permission): void {
    this.#check(path, permission);
    if (!this.#permissions.mayChange(path, permission)) throw denied(permission, path);
  }

  /** @throws PERMISSION_DENIED: rules are about what is in it */
  #checkStays(path: string): void {
    if (!this.#permissions.hasRulesBelow(path)) return;
    const message = `${quote(path)} stays where it is: you have other permissions for folders in it`;
    throw new LeatError("PERMISSION_DENIED", message);
  }

  /** The owner keeps a folder open that may be somebody else's, or that rules are about in it. */
  #reachable(path: string, attributes: Attributes): Attributes {
    const { mode } = attributes;
    const isOwn =
      this.#permissions.has(path, "overwrite") && !this.#permissions.hasRulesBelow(path);
    return mode === undefined || isOwn ? attributes : { ...attributes, mode: mode | OWNER };
  }

  /** @throws PERMISSION_DENIED: there is no such folder, or it may not be known */
  async #folderThere(path: string): Promise<StoreEntry> {
    try {
      const entry = await this.stat(path);
      if (entry.kind === "DIRECTORY") return entry;
    } catch {
      // As if it was not there.
    }
    throw denied("mkdir", path);
  }

  /** Of a folder that cannot be listed, and leads to others that are permitted. @throws PERMISSION_DENIED */
  async #leadingPage(folder: string, request: PageRequest): Promise<Page> {
    const all = this.#permissions.leadingNames(folder);
    if (all.length === 0) throw denied("list", folder);
    const after = request.cursor ?? request.after;
    const from = all.findIndex((name) => after === undefined || isBehind(name, after));
    const found = new VisibleEntries(() => true, request.taker);
    let last: string | undefined;
    for (const [index, name] of all.entries()) {
      if (from === -1 || index < from || (name.startsWith(".") && !request.hidden)) continue;
      const bytes = found.bytes + Buffer.byteLength(name) + ENTRY_ROOM;
      const isFull = found.count >= request.limit || bytes > request.bytes;
      if (isFull && !found.isEmpty)
        return { entries: found.entries, cursor: last, skippedNames: 0 };
      const entry = await this.#entryThere(below(folder, name));
      if (entry === undefined) continue;
      found.add({ ...entry, version: "" });
      last = name;
    }
    return { entries: found.entries, cursor: undefined, skippedNames: 0 };
  }

  async #entryThere(path: string): Promise<StoreEntry | undefined> {
    try {
      return await this.#store.stat(path);
    } catch (thrown) {
      if (thrown instanceof LeatError && thrown.code === "NOT_FOUND") return undefined;
      throw thrown;
    }
  }
}

/** A path, then those of the folders above it; not the root. */
function withParents(path: string): string[] {
  return path === "" ? [] : [path, ...withParents(parentOf(path))];
}

/** What the owner of a folder needs to reach what is in it. */
const OWNER = 0o700;

/** Passes on the entries of a page whose names are visible. */
class VisibleEntries implements EntryTaker {
  readonly #isVisible: (name: string) => boolean;
  readonly #objects = new EntryObjects();
  readonly #taker: EntryTaker;
  #count = 0;
  /** Of names that are not visible: a page ends although all that it found are such. */
  #leftOut = 0;

  constructor(isVisible: (name: string) => boolean, taker: EntryTaker | undefined) {
    this.#isVisible = isVisible;
    this.#taker = taker ?? this.#objects;
  }

  /** Where there is no taker. */
  get entries(): readonly PageEntry[] {
    return this.#objects.entries;
  }

  get bytes(): number {
    return this.#leftOut + this.#taker.bytes;
  }

  get count(): number {
    return this.#count;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add({ name, ...facts }: PageEntry): void {
    const bytes = Buffer.from(name);
    this.take(bytes, 0, bytes.length, facts);
  }

  take(bytes: Buffer, start: number, end: number, facts: NamelessEntry): void {
    const name = bytes.toString("utf8", start, end);
    if (!this.#isVisible(name)) {
      this.#leftOut += end - start + ENTRY_ROOM;
      return;
    }
    this.#count += 1;
    this.#taker.take(bytes, start, end, facts);
  }
}

function isBehind(name: string, after: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0;
}

/** As the store says of a name that does not exist. */
function unseen(path: string): LeatError {
  return new LeatError("NOT_FOUND", `there is no ${quote(path)}`);
}

function denied(doing: Permission | "see", path: string): LeatError {
  const what = path === "" ? "the library itself" : quote(path);
  return new LeatError("PERMISSION_DENIED", `you are not permitted to ${VERBS[doing]} ${what}`);
}

const VERBS: Readonly<Record<Permission | "see", string>> = {
  list: "list",
  read: "read",
  write: "write",
  overwrite: "overwrite",
  delete: "remove",
  rename: "rename",
  mkdir: "make",
  checksum: "sum up",
  see: "see",
};
