import { LeatError } from "../errors.ts";
import type { Filled } from "../file-region.ts";
import type { Producer, Saved } from "../net/outbox.ts";
import type { BufferedPayload } from "../session/outgoing.ts";
import type { Session } from "../session/session.ts";
import { saveTail } from "./saved-tail.ts";

/** The connection, as its output sees it. */
export interface OutputOwner {
  readonly peer: string;
  /** Milliseconds. */
  readonly now: number;
  /** A send buffer was filled. */
  onFilled(): void;
  /** The transport has accepted all that there was to send. */
  onFlushed(): void;
  /** Closes at once. */
  abort(error: LeatError): void;
  /** Closes at once: others need the memory that this peer's bytes take. */
  cut(): void;
  /** Sending has thrown: a defect. */
  failed(thrown: unknown): void;
}

/** The bytes of a session, as an outbox pulls them. */
export class Output implements Producer {
  readonly #session: Session;
  readonly #owner: OutputOwner;
  /** Payloads in the send buffer that can be read again. */
  #payloads: readonly BufferedPayload[] = [];

  constructor(session: Session, owner: OutputOwner) {
    this.#session = session;
    this.#owner = owner;
  }

  get wantsToSend(): boolean {
    return this.#session.wantsToSend;
  }

  get hasAnswers(): boolean {
    return this.#session.unsentControls > 0;
  }

  fill(into: Uint8Array, end: number): Filled {
    const payloads: BufferedPayload[] = [];
    const filled = this.#session.fill(into, end, payloads, this.#owner.now);
    this.#payloads = payloads;
    this.#owner.onFilled();
    return filled;
  }

  save(buffer: Uint8Array, start: number, end: number): Saved | undefined {
    const tail = saveTail(buffer, start, end, this.#payloads);
    if (tail === undefined) return undefined;
    return {
      restore: (into) => {
        const payloads: BufferedPayload[] = [];
        this.#payloads = payloads;
        return tail.restore(into, payloads);
      },
    };
  }

  flushed(): void {
    this.#payloads = [];
    this.#owner.onFlushed();
  }

  failed(thrown: unknown): void {
    this.#owner.failed(thrown);
  }

  cut(): void {
    this.#owner.cut();
  }

  gone(): void {
    this.#owner.abort(connectionLost(this.#owner.peer, new Error("it takes nothing any more")));
  }
}

export function connectionLost(peer: string, error: Error | undefined): LeatError {
  const why = error === undefined ? "it was closed" : error.message;
  return new LeatError("CONNECTION_LOST", `the connection to ${peer} is gone: ${why}`, {
    cause: error,
  });
}
