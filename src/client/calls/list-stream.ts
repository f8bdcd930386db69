/** One stream of a list: it brings some pages of a folder, one after another. */
import { LeatError } from "../../errors.ts";
import { LIST_PAGES } from "../../limits.ts";
import type { Result } from "../../session/event.ts";
import type { EntryPage, Finish } from "../../wire/gen/messages.ts";
import type { Link, PendingRequest, RequestInit } from "../connection/link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";
import { checkPageSize } from "./page.ts";

/** A page, and what is known of it. */
export interface CamePage {
  readonly list: EntryPage;
  readonly skippedNames: number;
  /** Of the page behind it, if there is one. */
  readonly cursor?: string | undefined;
}

export class ListStream implements StreamHandler {
  readonly #link: Link;
  readonly #request: PendingRequest;
  /** Pages that nobody has taken. */
  readonly #pages: CamePage[] = [];
  /** Pages that came: the server may send LIST_PAGES. */
  #came = 0;
  /** The last page, until Finish comes. */
  #last: EntryPage | undefined;
  /** Where the next stream begins: known when all pages have come, and more follow. */
  following: string | undefined;
  #isFinished = false;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;

  /** Asks for the pages. */
  constructor(link: Link, request: RequestInit, signal: AbortSignal | undefined) {
    this.#link = link;
    this.#request = link.request(request, this, signal);
  }

  /** @returns the next page @throws why the stream ended */
  async next(): Promise<CamePage> {
    while (this.#pages.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#pages.shift()!;
  }

  /** All of its pages were taken. */
  get isOver(): boolean {
    return this.#isFinished && this.#pages.length === 0;
  }

  /** Gives the rest up. Harmless when it is over. */
  cancel(): void {
    this.#link.cancel(this.#request);
  }

  // ---- StreamHandler ----

  response(result: Result | undefined): void {
    if (result?.case !== "list" || this.#last !== undefined) throw unexpected("list");
    const list = result.value;
    checkPageSize(list);
    this.#came += 1;
    const { cursor, skippedNames } = list;
    if (cursor === undefined) this.#last = list;
    else if (this.#came < LIST_PAGES) this.#push({ list, skippedNames, cursor });
    else throw new LeatError("PROTOCOL_ERROR", `the server lists more than ${LIST_PAGES} pages`);
  }

  finish({ cursor, skippedNames }: Finish): void {
    if (this.#last === undefined)
      throw new LeatError("PROTOCOL_ERROR", "a list ended without its last page");
    this.#isFinished = true;
    this.following = cursor;
    this.#push({ list: this.#last, skippedNames, cursor });
  }

  failed(error: LeatError): void {
    this.#error ??= error;
    this.#wakeUp();
  }

  #push(page: CamePage): void {
    this.#pages.push(page);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
