import { LeatError } from "../errors.ts";
import type { FileRegion } from "../file-region.ts";
import { BLOCK_SIZE } from "../limits.ts";
import type { ReceiveWindow, SendWindow } from "./flow.ts";
import type { Outgoing } from "./outgoing.ts";
import type { StreamState } from "./state.ts";
import type { Hole } from "../wire/gen/messages.ts";

/** The client is to send bytes, or credit. In the other states it is the server's turn. */
const WAITS_FOR_CLIENT: ReadonlySet<StreamState> = new Set([
  "get-answered",
  "put",
  "put-answered",
  "put-tree-answered",
]);

/** One open stream. */
export class Stream {
  readonly id: number;
  state: StreamState;
  /** In its request, which the peer sent; 0 for one of ours. */
  readonly characters: number;
  /** Credit for Data that we send. */
  readonly send: SendWindow;
  /** Credit for Data that we receive. */
  readonly receive: ReceiveWindow;
  /** The bytes that we send, once there are any. */
  outgoing: Outgoing | undefined;
  /** Payload that is sent behind its head as a file region, until the next `fill`. */
  region: FileRegion | undefined;
  /** Position of the next byte we send, in the file. */
  sendOffset = 0;
  /** Position of the next byte we expect, in the file. */
  receiveOffset = 0;
  /** Why it ended, where we ended it or the connection did. */
  failure: LeatError | undefined;
  /** When bytes or credit last moved, in milliseconds. */
  progress: number;
  /** The value of `progress` when a stall was last reported. */
  stalledAt: number | undefined;

  constructor(
    id: number,
    state: StreamState,
    send: SendWindow,
    receive: ReceiveWindow,
    now: number,
    characters = 0,
  ) {
    this.id = id;
    this.state = state;
    this.send = send;
    this.receive = receive;
    this.progress = now;
    this.characters = characters;
  }

  get cancelled(): boolean {
    return this.state === "cancelled" || this.state === "unary-cancelled";
  }

  /** Whether it is the client's turn: to send bytes, or credit. Then a server's deadline counts. */
  get waitsForClient(): boolean {
    return WAITS_FOR_CLIENT.has(this.state) && !this.#waitsForBytes;
  }

  /** Our own disk is slow, or a file is read again to be compared. */
  get #waitsForBytes(): boolean {
    const { outgoing } = this;
    if (outgoing === undefined || outgoing.done || outgoing.available > 0) return false;
    return this.state !== "put-tree-answered"; // there are no outcomes without items
  }

  /** Whether there are bytes to send, and no credit for them. */
  get lacksCredit(): boolean {
    const { outgoing, send } = this;
    return outgoing !== undefined && !outgoing.done && outgoing.available > 0 && send.credit === 0;
  }

  /**
   * Whether the client has sent all: the outcome at the server is the answer, whatever else comes,
   * because a file, or a new name, may be there already.
   */
  get isDecided(): boolean {
    return this.cancelled || this.commits || this.state === "unary";
  }

  /** Whether all of an upload, or of a tree, came, and the server puts it on disk. */
  get commits(): boolean {
    const { state } = this;
    return state === "put-finished" || state === "put-complete" || state === "put-tree-finished";
  }

  /** Books a Data frame that is sent. @param payload its bytes @param fileBytes that they stand for */
  onSent(payload: number, fileBytes: number): void {
    this.send.spend(payload);
    this.sendOffset += fileBytes;
  }

  /** Books a Hole that is sent. @param length in bytes */
  onHoleSent(length: number): void {
    this.sendOffset += length;
  }

  /**
   * Books a Hole that came: of whole blocks, behind the bytes that came before. Whether a shorter block is the last
   * one, its receiver finds out.
   * @throws PROTOCOL_ERROR
   */
  onHoleReceived({ offset, length }: Hole): void {
    this.#mustBeNext("a hole", offset);
    const end = offset + length;
    if (offset % BLOCK_SIZE === 0 && length > 0 && end <= Number.MAX_SAFE_INTEGER) {
      this.receiveOffset = end;
      return;
    }
    const message = `a hole of ${length} bytes at offset ${offset} does not consist of blocks of ${BLOCK_SIZE} bytes`;
    throw new LeatError("PROTOCOL_ERROR", message);
  }

  /** @throws PROTOCOL_ERROR */
  #mustBeNext(what: string, offset: number): void {
    if (offset === this.receiveOffset) return;
    const message = `${what} for offset ${offset} arrived where offset ${this.receiveOffset} was next`;
    throw new LeatError("PROTOCOL_ERROR", message);
  }

  /**
   * Books a Data frame that came.
   * @param offset of its first byte in the file
   * @param payload its bytes @param fileBytes that they stand for
   * @throws PROTOCOL_ERROR, FLOW_CONTROL
   */
  onReceived(offset: number, payload: number, fileBytes: number): void {
    this.#mustBeNext("data", offset);
    if ((offset % BLOCK_SIZE) + fileBytes > BLOCK_SIZE) {
      throw new LeatError(
        "PROTOCOL_ERROR",
        `${fileBytes} bytes at offset ${offset} cross a block boundary of ${BLOCK_SIZE} bytes`,
      );
    }
    this.receive.receive(payload);
    this.receiveOffset = offset + fileBytes;
  }
}
