import { LeatError } from "../errors.ts";
import { MAX_LENGTH_PREFIX } from "../limits.ts";
import type { Frame } from "./gen/messages.ts";

export type FirstFrame = "hello" | "welcome";

/** The first field of Hello and of Welcome: the bytes "leat" when written. */
export const MAGIC = 0x7461656c;

/** The tag of fixed32 magic = 1, and its bytes. */
const MAGIC_FIELD = [0x0d, 0x6c, 0x65, 0x61, 0x74] as const;

const STREAM_TAG = 0x08;
const TAGS = { hello: 0x6a, welcome: 0x72, failure: 0x42, goAway: 0x7a } as const;

/** Length prefix, explicit stream 0, tag and length of the body, magic. */
const LOOK = MAX_LENGTH_PREFIX + 2 + 1 + MAX_LENGTH_PREFIX + MAGIC_FIELD.length;

/** The first two bytes of TLS: a client's handshake, and the alert by which a server refuses what is none. */
const TLS = { hello: 0x16, welcome: 0x15, version: 0x03 } as const;

const TLS_INSTEAD = {
  hello: "the client speaks TLS, and this server does not: begin its address with tcp://",
  welcome: "the server speaks TLS: begin its address with tls://",
} as const;

/** Bytes of an unknown protocol that an error quotes. */
const QUOTE = 16;

/**
 * Checks the first bytes of a connection as they arrive, and fails on the first one that leat would
 * not send: a browser or an SSH client gets an error at once.
 *
 * A Hello must come as every protobuf library writes it: the body first, but for an explicit stream
 * 0, and in it the magic first. In place of a Welcome a Failure or a GoAway may come.
 */
export class Opening {
  readonly #first: FirstFrame;
  readonly #bytes = new Uint8Array(LOOK);
  #count = 0;
  #at = 0;

  constructor(first: FirstFrame) {
    this.#first = first;
  }

  /** Keeps the first few bytes. */
  push(chunk: Uint8Array): void {
    const start = chunk.subarray(0, LOOK - this.#count);
    this.#bytes.set(start, this.#count);
    this.#count += start.length;
  }

  /** @throws LeatError PROTOCOL_ERROR as soon as the bytes can't be the first ones of a peer */
  check(): void {
    this.#at = 0;
    this.#varint();
    if (this.#byte() === STREAM_TAG) {
      this.#at++;
      this.#expect(0);
    }
    const tag = this.#byte();
    const refused = tag === TAGS.failure || tag === TAGS.goAway;
    if (this.#first === "welcome" && refused) return;
    this.#expect(TAGS[this.#first]);
    this.#varint();
    for (const byte of MAGIC_FIELD) this.#expect(byte);
  }

  /** The next byte; undefined when it has not arrived. */
  #byte(): number | undefined {
    return this.#at < this.#count ? this.#bytes[this.#at] : undefined;
  }

  #varint(): void {
    while ((this.#byte() ?? 0) >= 128) this.#at++;
    this.#at++;
  }

  #expect(expected: number): void {
    const byte = this.#byte();
    if (byte !== undefined && byte !== expected) throw this.#stranger();
    this.#at++;
  }

  /** @throws LeatError PROTOCOL_ERROR when the first frame, now whole, is another one after all */
  accept(frame: Frame): void {
    const body = frame.stream === 0 ? frame.body : undefined;
    const opens = body?.case === "hello" || body?.case === "welcome";
    if (opens && body.case === this.#first && body.value.magic === MAGIC) return;
    const refuses = body?.case === "failure" || body?.case === "goAway";
    if (refuses && this.#first === "welcome") return;
    throw this.#stranger();
  }

  /** The error that quotes what came instead. */
  #stranger(): LeatError {
    const [type, version] = this.#bytes;
    if (version === TLS.version && type === TLS[this.#first]) {
      return new LeatError("PROTOCOL_ERROR", TLS_INSTEAD[this.#first]);
    }
    const sent = quote(this.#bytes.subarray(0, Math.min(this.#count, QUOTE)));
    return new LeatError("PROTOCOL_ERROR", `the peer does not speak leat: it sent ${sent}`);
  }
}

function quote(bytes: Uint8Array): string {
  const end = bytes.findIndex((byte) => byte < 0x20 || byte > 0x7e);
  const printable = end === -1 ? bytes : bytes.subarray(0, end);
  if (printable.length >= 2) return `"${String.fromCharCode(...printable)}"`;
  return `the bytes ${bytes.toHex()}`;
}
