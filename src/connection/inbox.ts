/**
 * The receiving side of a connection: chunks of the transport go to the session, and the session's
 * events to the connection. A peer is read in turns with all others (net/read-queue.ts), and not at
 * all while too many answers wait for it. The transport is paused meanwhile: at most one chunk waits.
 */
import { LEAST_SHARE, MAX_REQUEST, SHORT_CHUNK, TURN_SHARE } from "../limits.ts";
import type { Reader } from "../net/read-queue.ts";
import type { Transport } from "../net/transport.ts";
import type { SessionEvent } from "../session/event.ts";
import type { Session } from "../session/session.ts";
import type { Connection } from "./connection.ts";
import { Leases } from "./leases.ts";
import type { Runtime } from "./runtime.ts";

/** A field is a view of its chunk where it is at least half of it (wire/plain.ts), else a copy; and a
 *  client's frames besides Data are no longer than MAX_REQUEST. */
const MOST_VIEWED = 2 * MAX_REQUEST;

export class Inbox implements Reader {
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  /** Chunks that came behind a Hello that is being decided on. */
  #held: readonly Uint8Array[] = [];
  readonly #leases: Leases;
  #paused = false;
  /** An event is being handled: events that this leads to come behind it. */
  #delivering = false;
  /** `framesReceived` when the current chunk came. */
  #framesBefore = 0;
  /** The current chunk is so long that only Data can be a view of it. */
  #isLong = false;
  /** The peer has had its share of this turn: the rest of the chunk waits in the read queue. */
  #queued = false;
  /** The peer's FIN came, behind bytes that are not read yet. */
  #endWaits = false;

  constructor(connection: Connection, transport: Transport, runtime: Runtime) {
    this.#connection = connection;
    this.#session = connection.session;
    this.#transport = transport;
    this.#leases = new Leases(transport);
    this.#runtime = runtime;
  }

  receive(chunk: Uint8Array): void {
    const session = this.#session;
    if (this.#connection.phase !== "open") return this.#discard(chunk);
    if (!session.reading) {
      this.#held = [...this.#held, chunk];
      this.#pause();
      return;
    }
    this.#leases.begin(chunk);
    this.#framesBefore = session.framesReceived;
    this.#isLong = session.role === "server" && chunk.length > MOST_VIEWED;
    const { share, isBetweenFrames } = session;
    const isShort = chunk.length <= SHORT_CHUNK && isBetweenFrames;
    session.receive(chunk);
    if (this.#queued) return;
    const { readers } = this.#runtime;
    if (!isShort && readers.isBusy) {
      this.#queue();
      this.#pause();
      return;
    }
    share.renew(readers.share);
    this.#read();
    if (share.spent >= LEAST_SHARE) readers.spend(share.spent);
  }

  /** Bytes behind the end are not read. A long chunk takes a turn: the system would give more without end. */
  #discard(chunk: Uint8Array): void {
    this.#transport.free(chunk);
    if (chunk.length <= SHORT_CHUNK) return;
    this.#pause();
    if (!this.#queued) this.#queue();
  }

  /** Goes on with a chunk that took more than its share of a turn. */
  readOn(): number {
    this.#queued = false;
    const { phase } = this.#connection;
    if (phase === "closed") return 0;
    if (phase === "closing") {
      this.resume();
      return TURN_SHARE; // for the chunk that comes next
    }
    const { share } = this.#session;
    share.renew();
    try {
      this.#read();
      if (!this.#unread) this.resume();
    } catch (thrown) {
      this.#connection.failed(thrown);
    }
    return share.spent;
  }

  #read(): void {
    const frames = this.#session.framesReceived;
    this.deliver();
    if (this.#unread) this.#pause();
    this.#connection.onRead(this.#session.framesReceived !== frames);
  }

  /** Hands over all events that the session has by now. */
  deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      let event = this.#next();
      while (event !== undefined && this.#connection.phase !== "closed") {
        if (event.type === "data") this.#leases.lend(event.stream, event.bytes.length);
        this.#connection.onEvent(event);
        event = this.#next();
      }
    } finally {
      this.#delivering = false;
    }
    this.#endChunk();
  }

  #next(): SessionEvent | undefined {
    return this.#session.next(this.#runtime.clock());
  }

  #endChunk(): void {
    const session = this.#session;
    if (!session.unread) {
      // Fields of other frames than Data may be views of a short chunk.
      const hasFrames = session.framesReceived !== this.#framesBefore;
      this.#leases.end(!session.reading || (hasFrames && !this.#isLong));
    } else if (session.share.isSpent && !this.#queued && this.#connection.phase !== "closed") {
      this.#queue();
    }
  }

  /** The Hello is accepted: reads what came behind it. */
  welcomed(): void {
    const held = this.#held;
    this.#held = [];
    this.deliver();
    for (const chunk of held) this.receive(chunk);
    if (!this.#unread) this.resume();
  }

  /** A send buffer was filled: reads on where answers that wait are few by now. */
  onRoom(): void {
    const session = this.#session;
    const few = session.unsentControls <= session.answerLimit / 2;
    if (few && !this.#queued && session.reading) this.resume();
  }

  /** The peer sent FIN. */
  end(): void {
    this.#endWaits = this.#connection.phase === "open" && (this.#unread || !this.#session.reading);
    if (!this.#endWaits) this.#connection.onPeerEnd();
  }

  /** Nothing more is read: what is held is dropped, and so is what still comes, up to the peer's FIN. */
  stop(): void {
    this.#held = [];
    this.resume();
  }

  /** The transport is gone. */
  close(): void {
    this.#held = [];
    this.#runtime.readers.remove(this);
  }

  /** The driver is done with the oldest bytes of a stream's data. @param kept they stay in use elsewhere */
  consumed(stream: number, bytes: number, kept: boolean): void {
    this.#leases.consumed(stream, bytes, kept);
  }

  /** A stream is over. */
  forget(stream: number): void {
    this.#leases.forget(stream);
  }

  /** Some of what came may wait: for answers to leave, or for the next turn. */
  get #unread(): boolean {
    return this.#queued || this.#session.unsentControls > this.#session.answerLimit;
  }

  #queue(): void {
    this.#queued = true;
    this.#runtime.readers.add(this);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
  }

  resume(): void {
    if (this.#paused) this.#transport.resume();
    this.#paused = false;
    if (this.#endWaits) this.end();
  }
}
