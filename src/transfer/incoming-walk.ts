/**
 * Receives what OutgoingWalk sends: frames are kept until their CRC matched, then cut into items. Holds what was not
 * taken yet: the window of the stream bounds it.
 */
import { LeatError } from "../errors.ts";
import { MAX_REQUEST } from "../limits.ts";
import type { Finish, TreeItem } from "../wire/gen/messages.ts";
import { decodeMessage } from "../wire/plain.ts";
import { INCOMPLETE, readVarint, varintLength } from "../wire/varint.ts";
import { checkBlock, checkFinish, Digest } from "./digest.ts";

/** An item, and the contents of its file if they came along. */
export interface WalkedItem {
  readonly item: TreeItem;
  /** Valid until more bytes come. */
  readonly contents: Uint8Array | undefined;
}

/** Bytes of a buffer that is kept when it is empty. */
const KEPT = 512 * 1024;

export class IncomingWalk {
  readonly #digest = new Digest(false);
  /** The most bytes of contents that were asked for. */
  readonly #contentsUpTo: number;
  #buffer = new Uint8Array(KEPT);
  /** Of the next item, of the first byte that is not verified, and behind the last byte that came. */
  #at = 0;
  #verified = 0;
  #end = 0;
  #taken = 0;

  constructor(contentsUpTo: number) {
    this.#contentsUpTo = contentsUpTo;
  }

  /** @param crc of the frame that ends here @throws CHECKSUM_MISMATCH */
  push(bytes: Uint8Array, crc: number | undefined): void {
    this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#digest.update(bytes);
    if (crc === undefined) return;
    checkBlock(this.#digest.bytes, crc, this.#digest.endBlock());
    this.#verified = this.#end;
  }

  /** @returns the next item that came whole @throws PROTOCOL_ERROR */
  next(): WalkedItem | undefined {
    const length = readVarint(this.#buffer, this.#at, this.#verified);
    if (length === INCOMPLETE) return undefined;
    if (length < 0 || length > MAX_REQUEST) throw malformed(`an item of ${length} bytes`);
    const start = this.#at + varintLength(length);
    const behind = start + length;
    if (behind > this.#verified) return undefined;
    const item = decodeMessage("TreeItem", this.#buffer, start, behind);
    const size = item.contents ? this.#sizeOf(item) : 0;
    if (behind + size > this.#verified) return undefined;
    this.#taken += behind + size - this.#at;
    this.#at = behind + size;
    return { item, contents: item.contents ? this.#buffer.subarray(behind, this.#at) : undefined };
  }

  /** Bytes of the items that were taken since the last call: the sender may get credit for as many. */
  taken(): number {
    const taken = this.#taken;
    this.#taken = 0;
    return taken;
  }

  /** Nothing more comes. @throws what is wrong with the whole */
  finish(finish: Finish): void {
    checkFinish(finish, this.#digest.bytes, this.#digest);
    if (this.#verified !== this.#end) throw malformed("the last frame came without its CRC");
  }

  /** Whether all that came was taken. */
  get isEmpty(): boolean {
    return this.#at === this.#end;
  }

  #sizeOf({ entry }: TreeItem): number {
    if (entry?.kind === "FILE" && entry.size <= this.#contentsUpTo) return entry.size;
    throw malformed("contents came that were not asked for");
  }

  #makeRoom(bytes: number): void {
    if (this.#at === this.#end) this.#at = this.#verified = this.#end = 0;
    if (this.#end + bytes <= this.#buffer.length) return;
    const held = this.#end - this.#at;
    const old = this.#buffer;
    if (held + bytes > old.length) this.#buffer = new Uint8Array(2 * (held + bytes));
    this.#buffer.set(old.subarray(this.#at, this.#end));
    this.#verified -= this.#at;
    this.#at = 0;
    this.#end = held;
  }
}

function malformed(how: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server sent a walk that cannot be read: ${how}`);
}
