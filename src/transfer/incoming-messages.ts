/**
 * Receives a sequence of messages that comes as the Data of a stream: frames are kept until their CRC matched, then cut
 * into messages. Holds what was not taken yet: the window of the stream bounds it.
 */
import { LeatError } from "../errors.ts";
import { MAX_REQUEST } from "../limits.ts";
import type { Finish, Messages } from "../wire/gen/messages.ts";
import { decodeMessage } from "../wire/plain.ts";
import { INCOMPLETE, readVarint, varintLength } from "../wire/varint.ts";
import { checkBlock, checkFinish, Digest } from "./digest.ts";

/** A message, and the bytes behind it that belong to it. */
export interface Came<Message> {
  readonly message: Message;
  /** Valid until more bytes come. */
  readonly contents: Uint8Array | undefined;
}

/** Bytes of a buffer that is kept when it is empty. */
const KEPT = 512 * 1024;

export class IncomingMessages<Name extends "TreeItem" | "TreeOutcome"> {
  readonly #name: Name;
  readonly #what: string;
  readonly #lengthOf: ((message: Messages[Name]) => number | undefined) | undefined;
  readonly #digest = new Digest(false);
  #buffer = NOTHING;
  /** Of the next message, of the first byte that is not verified, and behind the last byte that came. */
  #at = 0;
  #verified = 0;
  #end = 0;
  #taken = 0;
  /** A message whose contents are still to come. */
  #message: Messages[Name] | undefined;

  /**
   * @param what the sequence, for messages: "the server sent a walk"
   * @param lengthOf how many bytes follow a message; none unless given
   */
  constructor(
    name: Name,
    what: string,
    lengthOf?: (message: Messages[Name]) => number | undefined,
  ) {
    this.#name = name;
    this.#what = what;
    this.#lengthOf = lengthOf;
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

  /** @returns the next message that came whole @throws PROTOCOL_ERROR */
  next(): Came<Messages[Name]> | undefined {
    this.#message ??= this.#decode();
    const message = this.#message;
    if (message === undefined) return undefined;
    const size = this.#lengthOf?.(message);
    const start = this.#at;
    const end = start + (size ?? 0);
    if (end > this.#verified) return undefined;
    this.#message = undefined;
    this.#take(end);
    const contents = size === undefined ? undefined : this.#buffer.subarray(start, end);
    return { message, contents };
  }

  /**
   * Takes messages as long as somebody reads them without an object of each.
   * @param read gets the bytes that came whole, from the next message on @returns where the one behind it begins; `at`
   *   where `next` has to read it
   */
  protected takeEach(read: (bytes: Uint8Array, at: number, end: number) => number): void {
    if (this.#message !== undefined) return;
    for (;;) {
      const next = read(this.#buffer, this.#at, this.#verified);
      if (next === this.#at) return;
      this.#take(next);
    }
  }

  #decode(): Messages[Name] | undefined {
    const length = readVarint(this.#buffer, this.#at, this.#verified);
    if (length === INCOMPLETE) return undefined;
    if (length < 0 || length > MAX_REQUEST) throw this.malformed(`a message of ${length} bytes`);
    const start = this.#at + varintLength(length);
    const end = start + length;
    if (end > this.#verified) return undefined;
    const message = decodeMessage(this.#name, this.#buffer, start, end);
    this.#take(end);
    return message;
  }

  #take(end: number): void {
    this.#taken += end - this.#at;
    this.#at = end;
  }

  /** Bytes of the messages that were taken since the last call: the sender may get credit for as many. */
  taken(): number {
    const taken = this.#taken;
    this.#taken = 0;
    return taken;
  }

  /** Nothing more comes. @throws what is wrong with the whole */
  finish(finish: Finish): void {
    checkFinish(finish, this.#digest.bytes, this.#digest);
    if (this.#verified !== this.#end) {
      throw this.malformed("the last frame came without its CRC");
    }
  }

  /** Whether all that came was taken. */
  get isEmpty(): boolean {
    return this.#at === this.#end && this.#message === undefined;
  }

  malformed(how: string): LeatError {
    return new LeatError("PROTOCOL_ERROR", `${this.#what} that cannot be read: ${how}`);
  }

  #makeRoom(bytes: number): void {
    if (this.#at === this.#end) this.#at = this.#verified = this.#end = 0;
    if (this.#end + bytes <= this.#buffer.length) return;
    const held = this.#end - this.#at;
    const old = this.#buffer;
    if (held + bytes > old.length) {
      this.#buffer = new Uint8Array(Math.max(KEPT, 2 * (held + bytes)));
    }
    this.#buffer.set(old.subarray(this.#at, this.#end));
    this.#verified -= this.#at;
    this.#at = 0;
    this.#end = held;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
