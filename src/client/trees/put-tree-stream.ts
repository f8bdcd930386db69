/** One stream on which the items of a tree go to the server, and their outcomes come back. */
import { LeatError } from "../../errors.ts";
import { SMALL_FILE, TREE_FILE } from "../../limits.ts";
import type { Result } from "../../session/event.ts";
import { IncomingMessages } from "../../transfer/incoming-messages.ts";
import { OutgoingQueue } from "../../transfer/outgoing-queue.ts";
import type { Finish, IfExists, TreeOutcome } from "../../wire/gen/messages.ts";
import type { Link, PendingRequest } from "../connection/link.ts";
import { type StreamHandler, unexpected } from "../connection/stream-handler.ts";

export interface PutTreeRequest {
  /** A folder of the library. */
  readonly path: string;
  readonly ifExists: IfExists;
  /** Permission bits of the folder, if it is new. */
  readonly mode: number | undefined;
}

export interface PutTreeHooks {
  /** Bytes have left. */
  readonly onTaken: () => void;
  /** Called with the outcome of each item, in their order. */
  readonly onOutcome: (outcome: TreeOutcome) => void;
  /** The server has sent all outcomes. */
  readonly onFinished: () => void;
  /** The stream is over without its end. Not called before it was answered. */
  readonly onFailed: (error: LeatError) => void;
}

export class PutTreeStream implements StreamHandler {
  readonly link: Link;
  /** The items go in here. */
  readonly queue: OutgoingQueue;
  readonly #hooks: PutTreeHooks;
  readonly #answered = Promise.withResolvers<PutTreeStream>();
  readonly #incoming = new IncomingMessages("TreeOutcome", "the server sent outcomes");
  #request: PendingRequest | undefined;
  #isAnswered = false;
  /** Whether the server sets the attributes of folders by an item. */
  takesAttributes = false;
  /** The most bytes of the contents of a file. */
  contentsUpTo = SMALL_FILE;

  private constructor(link: Link, hooks: PutTreeHooks) {
    this.link = link;
    this.#hooks = hooks;
    this.queue = new OutgoingQueue({
      onReady: () => link.connection.offer(this.#stream),
      onTaken: hooks.onTaken,
    });
  }

  /** Resolves when the server has answered. @throws UNIMPLEMENTED where it is an older one */
  static open(
    link: Link,
    value: PutTreeRequest,
    hooks: PutTreeHooks,
    signal: AbortSignal,
  ): Promise<PutTreeStream> {
    const stream = new PutTreeStream(link, hooks);
    stream.#request = link.request({ operation: { case: "putTree", value } }, stream, signal);
    return stream.#answered.promise;
  }

  /** Gives the rest up. Harmless when it is over. */
  cancel(): void {
    if (this.#request !== undefined) this.link.cancel(this.#request);
    this.queue.release();
  }

  get #stream(): number {
    return this.#request?.stream ?? 0;
  }

  // ---- StreamHandler ----

  response(result: Result | undefined): void {
    if (result?.case !== "putTree") throw unexpected("putTree");
    this.#isAnswered = true;
    this.takesAttributes = result.value.attributes;
    const { contentsUpTo } = result.value;
    if (contentsUpTo > 0) this.contentsUpTo = Math.min(contentsUpTo, TREE_FILE);
    this.link.connection.attach(this.#stream, this.queue, 0);
    this.#answered.resolve(this);
  }

  data(bytes: Uint8Array, crc: number | undefined): void {
    this.#incoming.push(bytes, crc);
    if (crc === undefined) return;
    for (let came = this.#incoming.next(); came !== undefined; came = this.#incoming.next()) {
      this.#hooks.onOutcome(came.message);
    }
    this.link.connection.consumed(this.#stream, this.#incoming.taken());
  }

  finish(finish: Finish): void {
    this.#incoming.finish(finish);
    if (!this.#incoming.isEmpty) throw this.#incoming.malformed("the last one is not whole");
    this.#hooks.onFinished();
  }

  failed(error: LeatError): void {
    this.queue.release();
    if (this.#isAnswered) this.#hooks.onFailed(error);
    else this.#answered.reject(error);
  }
}
