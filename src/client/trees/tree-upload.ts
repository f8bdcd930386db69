/**
 * Sends the items of a tree, over one stream after another: when one is lost, the next goes on behind the last outcome
 * that came. Items without an outcome are kept, and sent again.
 */
import { LeatError } from "../../errors.ts";
import { DATA_PAYLOAD, TREE_ITEM_BYTES, TREE_ITEMS } from "../../limits.ts";
import type { FolderAttributes } from "../../store/store.ts";
import type { Entry, TreeItem, TreeOutcome } from "../../wire/gen/messages.ts";
import { encodeMessage, type Init } from "../../wire/plain.ts";
import type { ReconnectingLink } from "../connection/reconnecting-link.ts";
import type { Retry } from "../connection/retry.ts";
import type { PutFolder } from "./put-folder.ts";
import { unlessRefused } from "./tree.ts";
import { type PutTreeHooks, type PutTreeRequest, PutTreeStream } from "./put-tree-stream.ts";

/** Called with one of both. */
interface ItemEnd {
  done(outcome: TreeOutcome): void;
  /** It is not known whether the server has stored it. */
  failed(error: LeatError): void;
}

/** A file with its contents, or a folder. */
export interface TreeUploadItem extends ItemEnd {
  /** The folder that it is in. */
  readonly parent: PutFolder;
  /** The folder that it is. */
  readonly folder?: PutFolder | undefined;
  readonly entry: Init<Entry>;
  readonly bytes?: Uint8Array | undefined;
}

interface AttributesItem extends ItemEnd {
  readonly attributes: FolderAttributes & { readonly path: string };
}

type AnyItem = TreeUploadItem | AttributesItem;

interface Sent {
  /** undefined for a folder that is entered once more. */
  readonly item: AnyItem | undefined;
  /** Where it begins in the bytes of its stream. */
  readonly at: number;
  /** It had left on an earlier stream: so it counts as sent, although this one may be lost before it leaves. */
  readonly again: boolean;
}

export class TreeUpload {
  readonly #link: ReconnectingLink;
  readonly #request: PutTreeRequest;
  readonly #signal: AbortSignal;
  readonly #retry: Retry;
  /** undefined while it is opened anew. */
  #stream: PutTreeStream | undefined;
  /** The folder that is open on the server; undefined for the first. */
  #at: PutFolder | undefined;
  /** Without an outcome, in their order. */
  #sent: Sent[] = [];
  /** Those of folders that go on the next stream. */
  #waiting: AttributesItem[] = [];
  /** Of their contents. */
  #bytes = 0;
  /** Outcomes came on this stream. */
  #hasMoved = false;
  /** Nothing more is sent on this stream. */
  #isEnding = false;
  #error: LeatError | undefined;
  #wake: (() => void) | undefined;
  #finished: PromiseWithResolvers<void> | undefined;

  private constructor(link: ReconnectingLink, request: PutTreeRequest, signal: AbortSignal) {
    this.#link = link;
    this.#request = request;
    this.#signal = signal;
    this.#retry = link.retry(signal);
  }

  /**
   * Makes the folder, unless it exists, and resolves when items may be sent into it.
   * @returns undefined where the server cannot do that: it is an older one, or has no memory for one more tree
   */
  static async open(
    link: ReconnectingLink,
    request: PutTreeRequest,
    signal: AbortSignal,
  ): Promise<TreeUpload | undefined> {
    const upload = new TreeUpload(link, request, signal);
    return (await upload.#open(true)) ? upload : undefined;
  }

  /** Nothing more can be sent, and `room` says why. */
  get hasFailed(): boolean {
    return this.#error !== undefined;
  }

  /** The most bytes of the contents of a file that may be sent now. */
  get contentsUpTo(): number {
    return this.#stream?.contentsUpTo ?? 0;
  }

  /** Whether one more item may be sent now. */
  get hasRoom(): boolean {
    if (this.#stream === undefined || this.#isEnding || this.#isLeaving) return false;
    if (this.#sent.length >= TREE_ITEMS || this.#bytes >= TREE_ITEM_BYTES) return false;
    return this.#stream.queue.waiting < DATA_PAYLOAD;
  }

  /** Waits until one more item may be sent. @throws why nothing more can be sent */
  async room(): Promise<void> {
    while (!this.hasRoom) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isLeaving) this.#end();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  send(item: TreeUploadItem): void {
    this.#bytes += item.bytes?.length ?? 0;
    this.#push(item, false);
  }

  /**
   * Gives a folder its attributes: behind all that was sent before, and without waiting for room.
   * @param path of the folder, in that of the request
   * @returns resolves with the outcome; undefined where that needs a request: the server is an older one, or nothing
   *   more can be sent
   * @throws UNIMPLEMENTED where the next server is an older one; why it failed
   */
  setAttributes(path: string, attributes: FolderAttributes): Promise<TreeOutcome> | undefined {
    if (this.#error !== undefined || this.#finished !== undefined) return undefined;
    if (this.#stream?.takesAttributes === false) return undefined;
    const base = this.#request.path;
    const place = path.slice(base === "" ? 0 : base.length + 1);
    const { promise, resolve, reject } = Promise.withResolvers<TreeOutcome>();
    const item = { attributes: { ...attributes, path: place }, done: resolve, failed: reject };
    if (this.#stream === undefined || this.#isEnding) this.#waiting.push(item);
    else this.#push(item, false);
    return promise;
  }

  /** Nothing more comes. Resolves when all outcomes are there. @throws why they do not come */
  async finish(): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    this.#finished = Promise.withResolvers();
    this.#end();
    await this.#finished.promise;
  }

  /** Gives up what has no outcome yet. Harmless when it is over. */
  cancel(error: LeatError): void {
    this.#stream?.cancel();
    this.#fail(error);
  }

  /** The server is stopping: what was sent is still stored, the rest goes to another one. */
  get #isLeaving(): boolean {
    return this.#stream !== undefined && this.#stream.link.closeReason !== undefined;
  }

  /** @param mayBeRefused the tree is moved in another way then @returns whether it was not */
  async #open(mayBeRefused = false): Promise<boolean> {
    const hooks: PutTreeHooks = {
      onTaken: () => this.#wakeUp(),
      onOutcome: (outcome) => this.#outcome(outcome),
      onFinished: () => this.#ended(),
      onFailed: (error) => this.#lost(error),
    };
    const stream = await this.#link.withRetries((link) => {
      const opened = PutTreeStream.open(link, this.#request, hooks, this.#signal);
      return mayBeRefused ? opened.catch(unlessRefused) : opened;
    }, this.#signal);
    if (this.#error !== undefined) stream?.cancel();
    else this.#stream = stream;
    return stream !== undefined;
  }

  /** @param again it was sent before */
  #push(item: AnyItem, again: boolean): void {
    if ("attributes" in item) return this.#pushAttributes(item);
    const { parent, folder, entry, bytes } = item;
    if (bytes !== undefined && bytes.length > this.contentsUpTo) {
      this.#bytes -= bytes.length;
      return item.failed(tooLarge(again && this.#request.ifExists === "FAIL"));
    }
    const leave = this.#goTo(parent);
    this.#encode(item, { leave, entry, contents: bytes !== undefined, again });
    if (bytes !== undefined) this.#stream?.queue.push(bytes);
    if (folder !== undefined) this.#at = folder;
  }

  #pushAttributes(item: AttributesItem): void {
    if (this.#stream!.takesAttributes) return this.#encode(item, { attributes: item.attributes });
    item.failed(new LeatError("UNIMPLEMENTED", "the server sets no attributes in a tree"));
  }

  #encode(item: AnyItem | undefined, init: Init<TreeItem>): void {
    const queue = this.#stream!.queue;
    this.#sent.push({ item, at: queue.queued, again: init.again === true });
    queue.push(encodeMessage("TreeItem", init, true));
  }

  /** Opens a folder that the server has made, with those above it. @returns how many the next item leaves */
  #goTo(folder: PutFolder): number {
    const way: PutFolder[] = [];
    let to = folder;
    let from = this.#at ?? rootOf(folder);
    let leave = 0;
    while (to !== from) {
      if (to.depth > from.depth) {
        way.push(to);
        to = to.parent!;
      } else {
        leave += 1;
        from = from.parent!;
      }
    }
    for (const { name } of way.toReversed()) {
      this.#encode(undefined, { leave, entry: { name, kind: "DIRECTORY" } });
      leave = 0;
    }
    this.#at = folder;
    return leave;
  }

  /** @throws PROTOCOL_ERROR for an outcome without an item */
  #outcome(outcome: TreeOutcome): void {
    const sent = this.#sent.shift();
    if (sent === undefined)
      throw new LeatError("PROTOCOL_ERROR", "the server sent the outcome of nothing");
    if (!this.#hasMoved) this.#retry.progressed();
    this.#hasMoved = true;
    if (sent.item !== undefined && "bytes" in sent.item)
      this.#bytes -= sent.item.bytes?.length ?? 0;
    sent.item?.done(outcome);
    this.#wakeUp();
  }

  #end(): void {
    this.#isEnding = true;
    this.#stream?.queue.end();
  }

  /** The server has finished a stream. */
  #ended(): void {
    if (this.#sent.length > 0) {
      return this.#fail(
        new LeatError("PROTOCOL_ERROR", "the server ended a tree without its outcomes"),
      );
    }
    if (this.#finished !== undefined && this.#waiting.length === 0) return this.#finished.resolve();
    void this.#reopen(undefined);
  }

  #lost(error: LeatError): void {
    if (this.#error === undefined) void this.#reopen(error);
  }

  async #reopen(error: LeatError | undefined): Promise<void> {
    const taken = this.#stream?.queue.taken ?? 0;
    this.#stream = undefined;
    try {
      if (error !== undefined && !this.#retry.repairs(error)) await this.#retry.wait(error);
      await this.#open();
    } catch (thrown) {
      return this.#fail(LeatError.from(thrown));
    }
    this.#hasMoved = false;
    this.#at = undefined;
    const sent = this.#sent;
    this.#sent = [];
    for (const { item, at, again } of sent) {
      if (item !== undefined) this.#push(item, again || at < taken);
    }
    for (const item of this.#waiting.splice(0)) this.#push(item, false);
    this.#isEnding = false;
    if (this.#finished !== undefined) this.#end();
    this.#wakeUp();
  }

  #fail(error: LeatError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const { item } of this.#sent.splice(0)) item?.failed(error);
    for (const item of this.#waiting.splice(0)) item.failed(error);
    this.#bytes = 0;
    this.#finished?.reject(error);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** @param mayBeThere then the name may be taken by the file itself */
function tooLarge(mayBeThere: boolean): LeatError {
  const message = "the server takes no file of this size in a tree any more";
  return new LeatError(mayBeThere ? "UNAVAILABLE" : "UNIMPLEMENTED", message);
}

function rootOf(folder: PutFolder): PutFolder {
  return folder.parent === undefined ? folder : rootOf(folder.parent);
}
