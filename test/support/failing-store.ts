/** A store that fails where a test wants it to: at once, or a turn later. */
import type {
  CommitDigest,
  CreateOptions,
  MaybePromise,
  Page,
  PageRequest,
  Resumed,
  Sink,
  Source,
  Store,
  StoreEntry,
} from "../../src/store/store.ts";
import { turns } from "../net/support.ts";

export type How = "throws" | "rejects";

export type Method =
  | Exclude<keyof Store, symbol | "readOnly">
  | "read"
  | "fetch"
  | "currentVersion"
  | "close"
  | "write"
  | "commit"
  | "keep"
  | "discard";

/** What lets go of something does so before it fails: else the test would hold it. */
const LETS_GO: readonly Method[] = ["close", "commit", "keep", "discard"];

export class FailingStore implements Store {
  readonly readOnly = false;
  readonly #store: Store;
  readonly #faults = new Map<Method, { readonly how: How; readonly error: unknown }>();
  /** What was asked. */
  readonly asked: Method[] = [];
  /** Sources say that they answer later. */
  later = false;

  constructor(store: Store) {
    this.#store = store;
  }

  fail(method: Method, how: How, error: unknown): void {
    this.#faults.set(method, { how, error });
  }

  heal(): void {
    this.#faults.clear();
    this.later = false;
  }

  /** @param instead what a failing one has done all the same */
  ask<T>(
    method: Method,
    real: () => MaybePromise<T>,
    instead: () => unknown = real,
  ): MaybePromise<T> {
    this.asked.push(method);
    const fault = this.#faults.get(method);
    if (fault === undefined) return real();
    const done = LETS_GO.includes(method) ? instead() : undefined;
    if (fault.how === "rejects") {
      return (async () => {
        await done;
        await turns(2);
        throw fault.error;
      })();
    }
    if (done instanceof Promise) done.catch(() => {});
    throw fault.error;
  }

  page(folder: string, request: PageRequest): MaybePromise<Page> {
    return this.ask("page", () => this.#store.page(folder, request));
  }

  stat(path: string): MaybePromise<StoreEntry> {
    return this.ask("stat", () => this.#store.stat(path));
  }

  open(path: string): MaybePromise<Source> {
    return this.ask("open", async () => new FailingSource(await this.#store.open(path), this));
  }

  create(path: string, options: CreateOptions): ReturnType<Store["create"]> {
    return this.ask("create", async () => {
      const created = await this.#store.create(path, options);
      return "skipped" in created || "committed" in created
        ? created
        : new FailingSink(created, this);
    });
  }

  remove(path: string, ifMatch?: string): MaybePromise<void> {
    return this.ask("remove", () => this.#store.remove(path, ifMatch));
  }

  makeDirectory(path: string, parents: boolean): MaybePromise<StoreEntry> {
    return this.ask("makeDirectory", () => this.#store.makeDirectory(path, parents));
  }

  rename(from: string, to: string, replace: boolean): MaybePromise<StoreEntry> {
    return this.ask("rename", () => this.#store.rename!(from, to, replace));
  }

  freeBytes(): ReturnType<NonNullable<Store["freeBytes"]>> {
    return this.ask("freeBytes", () => this.#store.freeBytes!());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}

class FailingSource implements Source {
  readonly entry: StoreEntry;
  readonly synchronous: boolean;
  readonly #source: Source;
  readonly #store: FailingStore;

  constructor(source: Source, store: FailingStore) {
    this.entry = source.entry;
    this.synchronous = source.synchronous && !store.later;
    this.#source = source;
    this.#store = store;
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    return this.#store.ask("read", () => this.#source.read(into, position));
  }

  fetch(position: number, length: number): Promise<void> | undefined {
    return this.#store.ask("fetch", () => this.#source.fetch?.(position, length)) as
      Promise<void> | undefined;
  }

  currentVersion(): MaybePromise<string> {
    return this.#store.ask("currentVersion", () => this.#source.currentVersion());
  }

  [Symbol.dispose](): void {
    void this.#store.ask("close", () => this.#source[Symbol.dispose]());
  }
}

class FailingSink implements Sink {
  readonly #sink: Sink;
  readonly #store: FailingStore;

  constructor(sink: Sink, store: FailingStore) {
    this.#sink = sink;
    this.#store = store;
  }

  get resumed(): Resumed | undefined {
    return this.#sink.resumed;
  }

  get durableOffset(): number {
    return this.#sink.durableOffset;
  }

  write(bytes: Uint8Array, position: number): MaybePromise<void> {
    return this.#store.ask("write", () => this.#sink.write(bytes, position));
  }

  commit(digest?: CommitDigest): Promise<StoreEntry> {
    const commit = (): Promise<StoreEntry> => this.#sink.commit(digest);
    return this.#store.ask("commit", commit, () => this.#sink.discard()) as Promise<StoreEntry>;
  }

  keep(length?: number, after?: Promise<void>): MaybePromise<void> {
    return this.#store.ask("keep", () => this.#sink.keep(length, after));
  }

  discard(): MaybePromise<void> {
    return this.#store.ask("discard", () => this.#sink.discard());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink[Symbol.asyncDispose]();
  }
}
