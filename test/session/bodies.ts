/** Bodies that the tests of a session send, with as little in them as there must be. */
import type { Outgoing } from "../../src/session/outgoing.ts";
import type { StreamFrame } from "../../src/session/state.ts";
import { type FrameBodyInit, dataHeadLength, writeDataHead } from "../../src/wire/frame.ts";
import { MAGIC } from "../../src/wire/opening.ts";

export type RequestBody = Extract<FrameBodyInit, { case: "request" }>;
type OperationCase = NonNullable<RequestBody["value"]["operation"]>["case"];

export const HELLO = {
  case: "hello",
  value: { magic: MAGIC, minimumVersion: 1, maximumVersion: 1, initialWindow: 1 << 20 },
} as const satisfies FrameBodyInit;

export const WELCOME = {
  case: "welcome",
  value: { magic: MAGIC, version: 1, maxStreams: 64, initialWindow: 1 << 20 },
} as const satisfies FrameBodyInit;

export function request(operation: OperationCase): RequestBody {
  return { case: "request", value: { operation: { case: operation, value: {} } } } as RequestBody;
}

/** One body of each kind that can be on a stream. */
export const BODIES = {
  data: { case: "data", value: { payload: Uint8Array.of(1) } },
  hole: { case: "hole", value: { length: 1 << 20 } },
  credit: { case: "credit", value: { bytes: 1 } },
  response: { case: "response", value: {} },
  finish: { case: "finish", value: {} },
  receipt: { case: "receipt", value: {} },
  failure: { case: "failure", value: { code: "NOT_FOUND", message: "no" } },
  resend: { case: "resend", value: { offset: 0, length: 1 } },
  cancel: { case: "cancel", value: {} },
} as const satisfies { readonly [Case in StreamFrame]: Extract<FrameBodyInit, { case: Case }> };

export const STREAM_FRAMES = Object.keys(BODIES) as StreamFrame[];

/** A whole Data frame. */
export function dataFrame(
  stream: number,
  offset: number,
  payload: Uint8Array,
  crc32?: number,
): Uint8Array {
  const head = dataHeadLength(stream, offset, payload.length, crc32 !== undefined);
  const frame = new Uint8Array(head + payload.length);
  writeDataHead(frame, 0, stream, offset, payload.length, crc32);
  frame.set(payload, head);
  return frame;
}

export interface ZerosOptions {
  /** Thrown by `take`. */
  readonly failsAt?: number;
  /** Thrown by `finish`. */
  readonly changes?: boolean;
}

/** Something endless enough to send: as many zeros as are asked for. */
export class Zeros implements Outgoing {
  left: number;
  taken = 0;
  released = false;
  readonly #options: ZerosOptions;

  constructor(length: number, options: ZerosOptions = {}) {
    this.left = length;
    this.#options = options;
  }

  get available(): number {
    return this.left;
  }

  get done(): boolean {
    return this.left === 0;
  }

  ends(length: number): boolean {
    return length === this.left;
  }

  take(into: Uint8Array, at: number, length: number): void {
    if (this.taken + length > (this.#options.failsAt ?? Number.POSITIVE_INFINITY)) {
      throw new Error("the disk is gone");
    }
    into.fill(0, at, at + length);
    this.left -= length;
    this.taken += length;
  }

  endBlock(): number {
    return 7;
  }

  finish(): { size: number; crc32: number } {
    if (this.#options.changes === true) throw new Error("the file is another");
    return { size: this.taken, crc32: 7 };
  }

  release(): void {
    if (this.released) throw new Error("released twice");
    this.released = true;
  }
}
