/**
 * Asks for files whose paths are known, many with one request: the small ones come along. Which of them belong together
 * is decided by time: while two requests are under way, the next one gathers.
 */
import { LeatError } from "../../errors.ts";
import { WALK_PATHS_BYTES, WALK_PATHS_MOST } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import { failureError } from "../../session/failure.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { WalkedItem } from "../../transfer/incoming-walk.ts";
import { WALK_PATHS } from "../../wire/features.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { ReconnectingLink } from "../connection/reconnecting-link.ts";
import { type TreeRoot, unlessRefused } from "./tree.ts";
import { WalkStream } from "./walk-stream.ts";

/** Requests at once: a server has few walks for a connection. */
const AT_ONCE = 2;

export interface ListedFilesOptions<Root extends TreeRoot> {
  readonly link: ReconnectingLink;
  /** Files of at most so many bytes are sent along. */
  readonly contentsUpTo: number;
  readonly signal: AbortSignal;
  /**
   * Takes what came of a path.
   * @param came undefined where the server has to be asked about this one by itself
   * @param contents valid until this returns
   */
  readonly take: (
    root: Root,
    came: Entry | LeatError | undefined,
    contents?: Uint8Array,
  ) => MaybePromise<void>;
  /** Takes a path that nothing came of, because of an error. Throws nothing. */
  readonly failed: (root: Root, error: unknown) => void;
}

export class ListedFiles<Root extends TreeRoot> {
  readonly #options: ListedFilesOptions<Root>;
  #gathered: Root[] = [];
  /** Bytes of their paths. */
  #bytes = 0;
  readonly #running = new Set<Promise<void>>();
  #isScheduled = false;

  constructor(options: ListedFilesOptions<Root>) {
    this.#options = options;
  }

  /** Whether the server takes such requests. */
  static isKnownBy({ current }: ReconnectingLink): boolean {
    return current.connection.session.has(WALK_PATHS);
  }

  /** @returns a promise where too many wait */
  add(root: Root): MaybePromise<void> {
    const bytes = Buffer.byteLength(root.path);
    if (this.#bytes + bytes > WALK_PATHS_BYTES && this.#gathered.length > 0) {
      return this.#send().then(() => this.add(root));
    }
    this.#gathered.push(root);
    this.#bytes += bytes;
    if (this.#gathered.length === WALK_PATHS_MOST) return this.#send();
    this.#schedule();
  }

  /** Nothing more comes. Resolves when all were taken. */
  async finish(): Promise<void> {
    while (this.#gathered.length > 0) await this.#send();
    await Promise.all(this.#running);
  }

  /** Sends what was gathered when nothing else is to be done. */
  #schedule(): void {
    if (this.#isScheduled || this.#running.size >= AT_ONCE) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#running.size < AT_ONCE && this.#gathered.length > 0) void this.#send();
    });
  }

  /** Resolves when it was sent. Never rejects. */
  async #send(): Promise<void> {
    while (this.#running.size >= AT_ONCE) await Promise.race(this.#running);
    const roots = this.#gathered;
    this.#gathered = [];
    this.#bytes = 0;
    if (roots.length === 0) return;
    const running = this.#run(roots).then(() => {
      this.#running.delete(running);
      if (this.#gathered.length > 0) this.#schedule();
    });
    this.#running.add(running);
  }

  async #run(roots: readonly Root[]): Promise<void> {
    let taken = 0;
    try {
      const retry = this.#options.link.retry(this.#options.signal);
      while (taken < roots.length) {
        const stream = await this.#open(roots.slice(taken));
        if (stream === undefined) {
          for (; taken < roots.length; taken += 1)
            await this.#options.take(roots[taken]!, undefined);
          return;
        }
        const before = taken;
        try {
          for await (const item of itemsOf(stream)) {
            const root = roots[taken++];
            if (root === undefined) throw wrong("sent more files than were asked for");
            const waits = this.#take(root, item);
            if (waits !== undefined) await waits;
          }
          if (taken < roots.length) throw wrong("sent fewer files than were asked for");
        } catch (thrown) {
          const error = LeatError.from(thrown);
          if (taken > before) retry.progressed();
          if (!retry.repairs(error)) await retry.wait(error);
        } finally {
          stream.cancel();
        }
      }
    } catch (thrown) {
      for (; taken < roots.length; taken += 1) this.#options.failed(roots[taken]!, thrown);
    }
  }

  /** @returns undefined where the server cannot do that, or not now */
  #open(roots: readonly Root[]): Promise<WalkStream | undefined> {
    const { link, contentsUpTo, signal } = this.#options;
    const request = { path: "", paths: roots.map(({ path }) => path), contentsUpTo };
    return link.withRetries((current) => {
      if (!current.connection.session.has(WALK_PATHS)) return Promise.resolve(undefined);
      return WalkStream.open(current, request, signal).catch(unlessRefused);
    }, signal);
  }

  #take(root: Root, { message, contents }: WalkedItem): MaybePromise<void> {
    const { entry, failure } = message;
    if (failure !== undefined) return this.#options.take(root, failureError(failure));
    if (entry?.name === root.path.slice(root.path.lastIndexOf("/") + 1)) {
      return this.#options.take(root, entry, contents);
    }
    throw wrong(`sent another file than ${quote(root.path)}`);
  }
}

/** Those that have come; then it waits for more. */
async function* itemsOf(stream: WalkStream): AsyncGenerator<WalkedItem, void> {
  do {
    for (let item = stream.next(); item !== undefined; item = stream.next()) yield item;
  } while (await stream.more());
}

function wrong(how: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server ${how}`);
}
