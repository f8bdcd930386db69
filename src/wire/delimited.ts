/**
 * Length-delimited messages: each is preceded by its length in bytes as a varint, as Java's
 * `parseDelimitedFrom`, Go's `protodelim` and C++'s `ParseDelimitedFromZeroCopyStream` read them.
 * Nothing here knows a message of leat.
 */
import { LeatError } from "../errors.ts";
import { Assembly } from "./assembly.ts";
import { endBetweenMessages } from "./end.ts";
import { Input } from "./input.ts";
import { LengthPrefix } from "./prefix.ts";
import { INCOMPLETE, varintLength, writeVarint } from "./varint.ts";

/** The bound of a stream of messages. */
export interface DelimitedOptions {
  /** The longest message accepted, in bytes without its prefix. */
  readonly maxLength: number;
}

/**
 * Cuts a stream of bytes into messages: `push` chunks as they come, then call `next` until it gives
 * undefined ("more is needed"), then push the next one.
 *
 * Ownership: a pushed chunk belongs to the decoder and may not be written to again. A message that
 * was whole inside a chunk is a view of it, another one has a buffer of its own. Either way it is
 * the caller's for as long as it likes; but a view keeps its whole chunk alive, so copy what you
 * keep for long.
 *
 * Memory: at most the current chunk and twice the bytes of an unfinished message. A length that the
 * peer has only declared costs nothing.
 */
export class DelimitedDecoder {
  readonly #maxLength: number;
  readonly #input = new Input();
  readonly #prefix = new LengthPrefix();
  readonly #assembly = new Assembly();
  /** Of the message that is being read; INCOMPLETE while its prefix is. */
  #length = INCOMPLETE;
  #failure: unknown;

  constructor(options: DelimitedOptions) {
    this.#maxLength = options.maxLength;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#failure === undefined) this.#input.push(chunk);
  }

  /**
   * @returns the next message, which may be empty; undefined when more bytes are needed
   * @throws LeatError TOO_LARGE or PROTOCOL_ERROR when the stream can't be followed any further;
   *   the same error again from then on
   */
  next(): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read();
    } catch (error) {
      this.#failure = error;
      this.#input.clear();
      throw error;
    }
  }

  #read(): Uint8Array | undefined {
    const input = this.#input;
    if (this.#length === INCOMPLETE) {
      this.#length = this.#prefix.read(input, this.#maxLength, "message");
      if (this.#length === INCOMPLETE) return undefined;
      this.#assembly.start(this.#length);
    }
    const message = this.#assembly.read(input);
    if (message !== undefined) this.#length = INCOMPLETE;
    return message;
  }

  /**
   * The stream has ended; call it when `next` has given undefined.
   * @throws LeatError CONNECTION_LOST inside a message; the earlier error after one
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    endBetweenMessages(this.#input, this.#prefix, this.#length, this.#assembly.filled, "message");
  }
}

/** Turns a message into bytes: what protobufjs and ts-proto make, and what takes one function more
 *  with protobuf-es: `{ encode: (message) => toBinary(Schema, message) }`. */
export interface Encoder<Message> {
  /** The bytes of a message, or what `finish` makes of it. */
  encode(message: Message):
    | Uint8Array
    | {
        /** Its bytes. */
        finish(): Uint8Array;
      };
}

/** Turns bytes into a message. It may keep views of the bytes. */
export interface Decoder<Message> {
  /** The message that the bytes are. An error that it throws becomes PROTOCOL_ERROR. */
  decode(bytes: Uint8Array): Message;
}

/** `bytes` behind their length, in a buffer of their own. */
export function delimit(bytes: Uint8Array): Uint8Array {
  const delimited = new Uint8Array(varintLength(bytes.length) + bytes.length);
  delimited.set(bytes, writeVarint(delimited, 0, bytes.length));
  return delimited;
}

/** Encodes one message behind its length. The bytes are the caller's. */
export function encodeDelimited<Message>(codec: Encoder<Message>, message: Message): Uint8Array {
  const encoded = codec.encode(message);
  return delimit(encoded instanceof Uint8Array ? encoded : encoded.finish());
}

/** A {@link DelimitedDecoder} that decodes the messages, too. */
export class MessageDecoder<Message> {
  readonly #codec: Decoder<Message>;
  readonly #delimited: DelimitedDecoder;

  constructor(codec: Decoder<Message>, options: DelimitedOptions) {
    this.#codec = codec;
    this.#delimited = new DelimitedDecoder(options);
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    this.#delimited.push(chunk);
  }

  /**
   * @returns the next message; undefined when more bytes are needed
   * @throws LeatError as {@link DelimitedDecoder.next} does; PROTOCOL_ERROR, with the cause, when
   *   the codec refuses a message: the one behind it can still be read
   */
  next(): Message | undefined {
    const bytes = this.#delimited.next();
    if (bytes === undefined) return undefined;
    try {
      return this.#codec.decode(bytes);
    } catch (cause) {
      throw cause instanceof LeatError ? cause : undecodable(bytes.length, cause);
    }
  }

  /** As {@link DelimitedDecoder.end}. */
  end(): void {
    this.#delimited.end();
  }
}

function undecodable(length: number, cause: unknown): LeatError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LeatError("PROTOCOL_ERROR", `a message of ${length} bytes is not valid: ${reason}`, {
    cause,
  });
}
