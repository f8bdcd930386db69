/** The server's end of one stream: makes frames of the answers of its operation. */
import type { Connection } from "../../connection/connection.ts";
import type { LeatError } from "../../errors.ts";
import type {
  Exchange,
  FinishInit,
  ReceiptInit,
  Receiving,
  ResultInit,
  StatusInit,
} from "../../operations/exchange.ts";
import type { BlockCrcs } from "../../operations/block-crcs.ts";
import type { Operation } from "../../session/event.ts";
import type { Outgoing } from "../../session/outgoing.ts";
import type { DurabilityLevel, Source, Store } from "../../store/store.ts";
import type { KernelCopy } from "../../transfer/outgoing-source.ts";
import type { Guest } from "../host/guests.ts";
import type { Host } from "../host/host.ts";
import { Reservation } from "../host/reservation.ts";
import type { Seat } from "../host/shares.ts";
import { kernelCopy } from "./kernel-copy.ts";
import type { ListTurns } from "./list-turns.ts";

export interface Serving {
  readonly host: Host;
  status(): StatusInit;
}

/** The connection of a stream. */
interface Served {
  readonly connection: Connection;
  readonly lists: ListTurns;
}

export class StreamExchange implements Exchange {
  readonly stream: number;
  readonly #connection: Connection;
  readonly #of: Served;
  readonly #serving: Serving;
  readonly #guest: Guest;
  ended = false;
  /** The path that was asked for, for the log. */
  path: string | undefined;
  #operation: Operation["case"] | "unknown" = "unknown";
  /** By `performance.now()`. */
  #began = 0;
  /** Set where the access log wants a line about it. */
  #access: { readonly operation: Operation; readonly began: number } | undefined;
  #bytes = 0;
  #skipped = false;
  /** What it takes of the server. */
  readonly reserved: Reservation;
  /** It takes memory of the budget for walks. */
  isWalk = false;
  /** Resolves when the operation is over, which may be later than its stream; never rejects. */
  running: Promise<void> | undefined;
  /** It changes a name: a cancel does not stop it. */
  isChange = false;
  /** The operation, if it takes data besides its request. */
  receiving: Receiving | undefined;

  constructor(
    stream: number,
    of: Served,
    serving: Serving,
    guest: Guest,
    address: Seat | undefined,
  ) {
    this.stream = stream;
    this.#of = of;
    this.#connection = of.connection;
    this.#serving = serving;
    this.#guest = guest;
    this.reserved = new Reservation(serving.host.capacity.files, { address, user: guest.seat });
  }

  /** The client, for the log. */
  get #client(): { readonly peer: string; readonly user?: string | undefined } {
    return { peer: this.peer, user: this.#guest.user?.name };
  }

  /** Called before the operation runs. */
  begin(operation: Operation): void {
    this.#operation = operation.case;
    this.#began = performance.now();
    const { value } = operation;
    if ("path" in value) this.path = value.path;
    if (!this.#serving.host.accessLog.wants(operation)) return;
    this.#access = { operation, began: this.#began };
  }

  /** Its stream has ended. @param failure missing where it ended well */
  end(failure: LeatError | undefined): void {
    this.ended = true;
    const took = performance.now() - this.#began;
    this.#serving.host.counters.countRequest(this.#operation, took, failure?.code);
  }

  /** Writes its line in the access log, once. */
  logAccess(error: LeatError | undefined): void {
    if (this.#access === undefined) return;
    const [bytes, skipped] = [this.#bytes, this.#skipped];
    this.#serving.host.accessLog.write({ ...this.#client, ...this.#access, bytes, skipped, error });
    this.#access = undefined;
  }

  get store(): Store {
    return this.#guest.store;
  }

  get durability(): DurabilityLevel {
    return this.#serving.host.settings.durability;
  }

  get blockCrcs(): BlockCrcs {
    return this.#serving.host.blockCrcs;
  }

  get peer(): string {
    return this.#connection.peer;
  }

  kernelCopy(source: Source, length: number): KernelCopy | undefined {
    const { hasDescriptor, isLocal } = this.#connection;
    const mode = this.#serving.host.settings.kernelCopy;
    return hasDescriptor ? kernelCopy(mode, source, length, isLocal) : undefined;
  }

  get takesHoles(): boolean {
    return this.#connection.session.takesHoles;
  }

  get frameLimit(): number {
    return this.#connection.session.peerFrame;
  }

  respond(result: ResultInit): void {
    this.#connection.send(this.stream, { case: "response", value: { result } });
  }

  send(outgoing: Outgoing, offset: number): void {
    this.#connection.attach(this.stream, outgoing, offset);
  }

  ready(): void {
    this.#connection.offer(this.stream);
  }

  finish(finish: FinishInit): void {
    this.#connection.send(this.stream, { case: "finish", value: finish });
  }

  receipt(receipt: ReceiptInit): void {
    this.#skipped = receipt.skipped === true;
    this.#connection.send(this.stream, { case: "receipt", value: receipt });
    // A commit goes on when its client has left.
    if (this.ended) this.logAccess(undefined);
  }

  fail(error: LeatError): void {
    this.#connection.fail(this.stream, error);
    if (this.ended) this.logAccess(error);
  }

  warn({ code, message }: LeatError): void {
    this.#serving.host.log.warn(
      { ...this.#client, stream: this.stream, path: this.path, code },
      message,
    );
  }

  consumed(bytes: number): void {
    this.#serving.host.counters.bytesReceived += bytes;
    this.#bytes += bytes;
    this.#connection.consumed(this.stream, bytes);
  }

  pageTurn(): Promise<boolean> {
    return this.#of.lists.turn(this.stream);
  }

  pageMade(): void {
    this.#of.lists.made();
  }

  widen(bytes: number): number {
    return this.#connection.widen(this.stream, bytes);
  }

  takeFiles(most: number): number {
    return this.reserved.more(most);
  }

  status(): StatusInit {
    return this.#serving.status();
  }

  get logItem(): Exchange["logItem"] {
    const { accessLog } = this.#serving.host;
    // The log wants lines about all kinds of items, or about changes, or about none.
    if (!accessLog.wants({ case: "get" })) return undefined;
    const client = this.#client;
    return ({ operation, path, ...facts }) =>
      accessLog.write({ ...client, operation: { case: operation, value: { path } }, ...facts });
  }

  countSent(bytes: number): void {
    this.#serving.host.counters.bytesSent += bytes;
    this.#bytes += bytes;
  }
}
