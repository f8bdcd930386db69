/** The pages of a folder, over as many streams and connections as that takes. */
import { LeatError } from "../../errors.ts";
import { throwIfAborted } from "../connection/abortable.ts";
import type { Link } from "../connection/link.ts";
import type { ReconnectingLink } from "../connection/reconnecting-link.ts";
import type { Retry } from "../connection/retry.ts";
import { type CamePage, ListStream } from "./list-stream.ts";
import type { ListOptions } from "./options.ts";
import { pagesRequest } from "./requests.ts";

export class FolderList implements Disposable {
  readonly #link: ReconnectingLink;
  readonly #path: string;
  readonly #options: ListOptions;
  readonly #retry: Retry;
  #stream: ListStream | undefined;
  /** The one behind it, whose pages come while the last ones of the other are in use. */
  #ahead: ListStream | undefined;
  /** Of the next page; undefined: it is the first one. */
  #cursor: string | undefined;

  constructor(link: ReconnectingLink, path: string, options: ListOptions) {
    this.#link = link;
    this.#path = path;
    this.#options = options;
    this.#retry = link.retry(options.signal);
  }

  /** @returns the next page: it is to be asked for as long as the one before has a cursor */
  async next(): Promise<CamePage> {
    for (;;) {
      try {
        const { signal } = this.#options;
        throwIfAborted(signal); // pages may have come already
        this.#stream ??= this.#open(await this.#link.connected(signal), this.#cursor);
        const page = await this.#stream.next();
        this.#retry.progressed();
        this.#cursor = page.cursor;
        this.#goOn(this.#stream);
        return page;
      } catch (thrown) {
        this.#stream = undefined;
        await this.#retry.wait(LeatError.from(thrown));
      }
    }
  }

  /** Gives up what is still to come. */
  [Symbol.dispose](): void {
    this.#stream?.cancel();
    this.#ahead?.cancel();
  }

  #goOn(stream: ListStream): void {
    const { current } = this.#link;
    const { following, isOver } = stream;
    if (following !== undefined && current.closeReason === undefined) {
      this.#ahead ??= this.#open(current, following);
    }
    if (!isOver) return;
    this.#stream = this.#ahead;
    this.#ahead = undefined;
  }

  #open(link: Link, cursor: string | undefined): ListStream {
    const request = pagesRequest(this.#path, this.#options, cursor);
    return new ListStream(link, request, this.#options.signal);
  }
}
