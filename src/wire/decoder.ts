/**
 * Bytes to frames. Data frames in the shape that every encoder writes are handed on in pieces as
 * they come, a block is never assembled; all others are assembled up to the frame limit and decoded
 * by protobufjs, with the same events.
 */
import { LeatError } from "../errors.ts";
import { LONG_CHUNK, MAX_HELLO, MAX_LENGTH_PREFIX } from "../limits.ts";
import { Assembly } from "./assembly.ts";
import { DataHead, MAX_HEAD_READ, type HeadVerdict } from "./data-head.ts";
import { endBetweenMessages } from "./end.ts";
import type { Frame, FrameBody, Response } from "./gen/messages.ts";
import { Input } from "./input.ts";
import { Opening, type FirstFrame } from "./opening.ts";
import { lastBody, withLastBody } from "./last-body.ts";
import { decodeMessage, slowBytes } from "./plain.ts";
import { LengthPrefix } from "./prefix.ts";
import { FRAME_DATA } from "./frame.ts";
import { receivedPage } from "./received-page.ts";
import { INCOMPLETE } from "./varint.ts";

/** Of all decoders: what was read is taken out at once. */
const head = new DataHead();

export type FrameEvent = FrameReceived | DataBegun | PayloadSlice;

/** Any frame but Data. */
export interface FrameReceived {
  readonly type: "frame";
  readonly stream: number;
  /** undefined: none, or one that this version does not know. */
  readonly body: Exclude<FrameBody, { case: "data" }> | undefined;
}

/** The head of a Data frame; payload events follow until they sum to `length`. */
export interface DataBegun {
  readonly type: "data";
  readonly stream: number;
  /** Position in the file, in bytes. */
  readonly offset: number;
  /** Payload bytes. 0: an empty Data, which no payload event follows. */
  readonly length: number;
  readonly crc32: number | undefined;
}

export interface PayloadSlice {
  readonly type: "payload";
  /** At least one byte; a view of a pushed chunk, as a rule. */
  readonly bytes: Uint8Array;
  /** Payload bytes of this frame that are still to come. */
  readonly remaining: number;
}

export interface FrameDecoderOptions {
  /** The longest frame accepted, in bytes without its length prefix. */
  readonly maxFrame: number;
  /**
   * The longest frame accepted that carries anything but Data, in bytes; absent: maxFrame. A server
   * needs little: only a list page is long, and one of empty entries costs 60 times its length.
   */
  readonly maxBody?: number | undefined;
  /** The frame that must come first, of at most MAX_HELLO bytes; absent: any. */
  readonly firstFrame?: FirstFrame | undefined;
  /** List pages of the usual form are a `ReceivedPage`, which is decoded when its entries are asked for. */
  readonly keepsPages?: boolean | undefined;
}

/**
 * `push` chunks as they come, then call `next` until it gives undefined ("more is needed").
 *
 * Ownership: a pushed chunk belongs to the decoder and may not be written to again. Bytes in events
 * are the receiver's for as long as it likes; a payload slice keeps its whole chunk alive.
 *
 * Memory: the chunk in hand, and of an unfinished frame that is not Data in the usual shape at most
 * twice what has arrived.
 */
export class FrameDecoder {
  /** May be changed at any time; counts from the next frame on. */
  maxFrame: number;
  /** Bytes of all frames that were decoded as a whole: the work of reading besides payload. */
  decoded = 0;
  /** Of those, bytes in unusual forms (see any-form.ts), and some more for each such frame. */
  decodedSlowly = 0;

  readonly #maxBody: number;
  readonly #keepsPages: boolean;
  readonly #input = new Input();
  readonly #prefix = new LengthPrefix();
  readonly #assembly = new Assembly();
  /** The bytes of a head that came in several chunks; made when one does. */
  #held: Uint8Array | undefined;
  #heldLength = 0;

  #state: "prefix" | "head" | "whole" | "payload" = "prefix";
  /** Bytes of the frame that is being read, INCOMPLETE in state "prefix". */
  #length = INCOMPLETE;
  /** Payload bytes still to come in state "payload". */
  #remaining = 0;
  /** The payload of a Data frame that had to be assembled, until it is handed on. */
  #assembled: Uint8Array | undefined;
  /** Until the first frame was accepted. */
  #opening: Opening | undefined;
  #failure: unknown;

  /** Every frame that has begun to come is complete. */
  get isBetweenFrames(): boolean {
    return this.#state === "prefix" && !this.#prefix.begun && this.#input.length === 0;
  }

  /** Something came that `next` has not read. */
  get hasMore(): boolean {
    return this.#input.length > 0 || this.#assembled !== undefined;
  }

  /**
   * How many bytes are best read next: all that end a long frame, and the length of the one behind it. Then
   * the next chunk holds the payload of one frame, whole, and not the ends of two. undefined: as many as come.
   */
  get wanted(): number | undefined {
    const isLong = this.#state !== "prefix" && this.#length >= LONG_CHUNK;
    if (!isLong || this.#input.length > 0) return undefined;
    return this.#length - this.#arrived() + MAX_LENGTH_PREFIX;
  }

  constructor(options: FrameDecoderOptions) {
    this.maxFrame = options.maxFrame;
    this.#maxBody = options.maxBody ?? Infinity;
    this.#keepsPages = options.keepsPages === true;
    if (options.firstFrame !== undefined) this.#opening = new Opening(options.firstFrame);
  }

  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#opening?.push(chunk);
    this.#input.push(chunk);
  }

  /**
   * @returns the next event; undefined when more bytes are needed
   * @throws LeatError TOO_LARGE or PROTOCOL_ERROR; the connection can't be followed any further,
   *   and the same error comes again from then on
   */
  next(): FrameEvent | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read();
    } catch (error) {
      this.#failure = error;
      this.#input.clear();
      throw error;
    }
  }

  /**
   * The peer has ended its side; call it when `next` has given undefined.
   * @throws LeatError CONNECTION_LOST inside a frame; the earlier error after one
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    endBetweenMessages(this.#input, this.#prefix, this.#length, this.#arrived(), "frame");
  }

  /** Bytes of the unfinished frame that have arrived. */
  #arrived(): number {
    return this.#state === "payload"
      ? this.#length - this.#remaining
      : this.#heldLength + this.#assembly.filled;
  }

  #read(): FrameEvent | undefined {
    if (this.#state === "prefix" && !this.#readPrefix()) return undefined;
    this.#opening?.check();
    if (this.#state === "head") {
      const verdict = this.#readHead();
      if (verdict === "more") return undefined;
      const { stream, offset, payloadLength, crc32 } = head;
      if (verdict === "data") return this.#begin(stream, offset, payloadLength, crc32);
      this.#state = "whole";
    }
    return this.#state === "whole" ? this.#readWhole() : this.#readPayload();
  }

  /** @returns false when more bytes are needed */
  #readPrefix(): boolean {
    const limit = this.#opening === undefined ? this.maxFrame : Math.min(MAX_HELLO, this.maxFrame);
    this.#length = this.#prefix.read(this.#input, limit, "frame");
    if (this.#length === INCOMPLETE) return false;
    this.#assembly.start(this.#length);
    this.#state = this.#opening === undefined ? "head" : "whole";
    return true;
  }

  /** Reads the head where it lies or, when it came in several chunks, out of `#held`. */
  #readHead(): HeadVerdict {
    const input = this.#input;
    const before = this.#heldLength;
    if (before === 0) {
      const verdict = head.read(input.bytes, input.at, input.end, this.#length);
      if (verdict === "data") input.skip(head.length);
      if (verdict !== "more") return verdict;
    }
    const held = (this.#held ??= new Uint8Array(MAX_HEAD_READ));
    const count = Math.min(input.length, held.length - before, this.#length - before);
    held.set(input.bytes.subarray(input.at, input.at + count), before);
    const verdict = head.read(held, 0, before + count, this.#length);
    input.skip(verdict === "data" ? head.length - before : count);
    if (verdict === "other") this.#assembly.append(held, 0, before + count);
    this.#heldLength = verdict === "more" ? before + count : 0;
    return verdict;
  }

  #readWhole(): FrameEvent | undefined {
    const input = this.#input;
    let frame: Frame;
    if (this.#assembly.isWholeIn(input)) {
      // Where it lies: to make a view of it first took a third of the time of a small one.
      frame = this.#decode(input.bytes, input.at, input.at + this.#length);
      input.skip(this.#length);
    } else {
      const bytes = this.#assembly.read(input);
      if (bytes === undefined) return undefined;
      frame = this.#decode(bytes, 0, bytes.length);
    }
    const { stream, body } = this.#accept(frame);
    this.#finish();
    if (body?.case !== "data") return { type: "frame", stream, body };
    const { offset, crc32, payload } = body.value;
    if (payload.length > 0) this.#assembled = payload;
    return this.#begin(stream, offset, payload.length, crc32);
  }

  #decode(bytes: Uint8Array, from: number, to: number): Frame {
    const slowly = slowBytes;
    const frame = this.#page(bytes, from, to) ?? this.#decodeBounded(bytes, from, to);
    this.decoded += to - from;
    this.decodedSlowly += slowBytes - slowly;
    return frame;
  }

  #page(bytes: Uint8Array, from: number, to: number): Frame | undefined {
    const received = this.#keepsPages ? receivedPage(bytes, from, to) : undefined;
    if (received === undefined) return undefined;
    const value: Response = { result: { case: "list", value: received.page } };
    return { stream: received.stream, body: { case: "response", value } };
  }

  #decodeBounded(bytes: Uint8Array, from: number, to: number): Frame {
    if (to - from <= this.#maxBody) return decodeMessage("Frame", bytes, from, to);
    const frame = bytes.subarray(from, to);
    const last = lastBody(frame);
    // Bytes that are no message, and carry no body that could be long: protobufjs says what is wrong.
    const carriesNothing = last.number === 0 && !last.isValid;
    if (last.number !== FRAME_DATA >> 3 && !carriesNothing) throw this.#bodyTooLarge(to - from);
    return decodeMessage("Frame", withLastBody(frame, last));
  }

  #bodyTooLarge(length: number): LeatError {
    const most = `at most ${this.#maxBody} are accepted of one that is not Data`;
    return new LeatError("TOO_LARGE", `a frame has ${length} bytes, but ${most}`);
  }

  #accept(frame: Frame): Frame {
    this.#opening?.accept(frame);
    this.#opening = undefined;
    return frame;
  }

  #begin(stream: number, offset: number, length: number, crc32: number | undefined): DataBegun {
    this.#remaining = length;
    this.#state = "payload";
    if (length === 0) this.#finish();
    return { type: "data", stream, offset, length, crc32 };
  }

  #readPayload(): PayloadSlice | undefined {
    const input = this.#input;
    if (this.#assembled === undefined && input.length === 0) return undefined;
    const bytes = this.#assembled ?? input.take(Math.min(input.length, this.#remaining));
    this.#assembled = undefined;
    this.#remaining -= bytes.length;
    if (this.#remaining === 0) this.#finish();
    return { type: "payload", bytes, remaining: this.#remaining };
  }

  #finish(): void {
    this.#state = "prefix";
    this.#length = INCOMPLETE;
  }
}
