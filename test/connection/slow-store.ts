/**
 * A store that counts what it still owes an answer, and what of it is open; and that answers in
 * later steps if it is told to, as one behind a network does.
 */
import type {
  CreateOptions,
  MaybePromise,
  Page,
  PageRequest,
  Sink,
  Source,
  Store,
  StoreEntry,
  CommitDigest,
  Resumed,
} from "../../src/store/store.ts";

export class SlowStore implements Store {
  readonly readOnly: boolean;
  /** Promises that are not settled. */
  pending = 0;
  /** How often it was asked something. */
  asked = 0;
  sinks = 0;
  sources = 0;
  readonly #store: Store;
  /** Resolves in a later step; undefined: everything is answered at once where it can be. */
  readonly #later: (() => Promise<void>) | undefined;

  constructor(store: Store, later: (() => Promise<void>) | undefined) {
    this.#store = store;
    this.#later = later;
    this.readOnly = store.readOnly;
  }

  page(folder: string, request: PageRequest): MaybePromise<Page> {
    return this.answer(() => this.#store.page(folder, request));
  }

  stat(path: string): MaybePromise<StoreEntry> {
    return this.answer(() => this.#store.stat(path));
  }

  open(path: string): MaybePromise<Source> {
    return this.answer(
      () => this.#store.open(path),
      (source) => new SlowSource(source, this),
    );
  }

  create(path: string, options: CreateOptions): ReturnType<Store["create"]> {
    return this.answer(
      () => this.#store.create(path, options),
      (sink) => ("skipped" in sink || "committed" in sink ? sink : new SlowSink(sink, this)),
    );
  }

  remove(path: string, ifMatch?: string): MaybePromise<void> {
    return this.answer(() => this.#store.remove(path, ifMatch));
  }

  makeDirectory(path: string, parents: boolean): MaybePromise<StoreEntry> {
    return this.answer(() => this.#store.makeDirectory(path, parents));
  }

  rename(from: string, to: string, replace: boolean): MaybePromise<StoreEntry> {
    return this.answer(() => this.#store.rename!(from, to, replace));
  }

  freeBytes(): MaybePromise<number | undefined> {
    return this.answer(() => this.#store.freeBytes!());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.answer(async () => await this.#store[Symbol.asyncDispose]());
  }

  get slow(): boolean {
    return this.#later !== undefined;
  }

  /** Counts what is not answered at once. */
  answer<T, U = T>(ask: () => MaybePromise<T>, wrap?: (value: T) => U): MaybePromise<U> {
    this.asked++;
    const made = (value: T): U => (wrap === undefined ? (value as unknown as U) : wrap(value));
    if (this.#later === undefined) {
      const answer = ask();
      return answer instanceof Promise ? this.#count(answer.then(made)) : made(answer);
    }
    return this.#count(this.#later().then(ask).then(made));
  }

  #count<T>(promise: Promise<T>): Promise<T> {
    this.pending++;
    return promise.finally(() => void this.pending--);
  }
}

class SlowSource implements Source {
  readonly entry: StoreEntry;
  readonly synchronous: boolean;
  readonly #source: Source;
  readonly #store: SlowStore;
  #open = true;

  constructor(source: Source, store: SlowStore) {
    this.entry = source.entry;
    this.synchronous = source.synchronous && !store.slow;
    this.#source = source;
    this.#store = store;
    store.sources++;
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    return this.#store.answer(() => this.#source.read(into, position));
  }

  currentVersion(): MaybePromise<string> {
    return this.#store.answer(() => this.#source.currentVersion());
  }

  [Symbol.dispose](): void {
    if (this.#open) this.#store.sources--;
    this.#open = false;
    this.#source[Symbol.dispose]();
  }
}

class SlowSink implements Sink {
  readonly #sink: Sink;
  readonly #store: SlowStore;
  #open = true;

  constructor(sink: Sink, store: SlowStore) {
    this.#sink = sink;
    this.#store = store;
    store.sinks++;
  }

  get resumed(): Resumed | undefined {
    return this.#sink.resumed;
  }

  get durableOffset(): number {
    return this.#sink.durableOffset;
  }

  write(bytes: Uint8Array, position: number): MaybePromise<void> {
    return this.#store.answer(() => this.#sink.write(bytes, position));
  }

  async commit(digest?: CommitDigest): Promise<StoreEntry> {
    this.#end();
    return await this.#store.answer(() => this.#sink.commit(digest));
  }

  keep(length?: number, after?: Promise<void>): MaybePromise<void> {
    this.#end();
    return this.#store.answer(() => this.#sink.keep(length, after));
  }

  discard(): MaybePromise<void> {
    this.#end();
    return this.#store.answer(() => this.#sink.discard());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
  }

  #end(): void {
    if (this.#open) this.#store.sinks--;
    this.#open = false;
  }
}
