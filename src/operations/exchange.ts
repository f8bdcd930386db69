/** One stream as an operation on the server sees it. */
import type { LeatError } from "../errors.ts";
import type { Outgoing } from "../session/outgoing.ts";
import type { DurabilityLevel, Source, Store } from "../store/store.ts";
import type { KernelCopy } from "../transfer/outgoing-source.ts";
import type { FrameBodyInit } from "../wire/frame.ts";
import type { Finish } from "../wire/gen/messages.ts";
import type { BlockCrcs } from "./block-crcs.ts";

type Value<Case extends FrameBodyInit["case"]> = Extract<FrameBodyInit, { case: Case }>["value"];
export type ResultInit = NonNullable<Value<"response">["result"]>;
export type FinishInit = Value<"finish">;
export type ReceiptInit = Value<"receipt">;
export type StatusInit = Extract<ResultInit, { case: "status" }>["value"];

/** A file or folder of a tree that came or went on one stream with others, for the log. */
export interface LoggedItem {
  readonly operation: "get" | "put" | "makeDirectory";
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds. */
  readonly began: number;
  readonly skipped: boolean;
  readonly error: LeatError | undefined;
}

export interface Exchange {
  readonly store: Store;
  readonly durability: DurabilityLevel;
  /** CRCs of the blocks that any stream sent or received. */
  readonly blockCrcs: BlockCrcs;
  /** The client's address and port: `127.0.0.1:40312`. */
  readonly peer: string;
  /** The largest frame the client takes, in bytes. */
  readonly frameLimit: number;
  /** Whether the client takes holes in place of Data, and sends them. */
  readonly takesHoles: boolean;
  /** The stream is over: cancelled, failed, or the connection is gone. */
  readonly ended: boolean;
  /** Has the kernel send `length` bytes of a source; undefined where they pass through a buffer. */
  kernelCopy(source: Source, length: number): KernelCopy | undefined;
  respond(result: ResultInit): void;
  /** Sends a range of a file and its Finish. @param offset of the first byte */
  send(outgoing: Outgoing, offset: number): void;
  /** The bytes of `send` go on, or are done, after there were none for a while. */
  ready(): void;
  finish(finish: FinishInit): void;
  receipt(receipt: ReceiptInit): void;
  fail(error: LeatError): void;
  /** Writes to the log an error that the client does not get. */
  warn(error: LeatError): void;
  /**
   * Waits for the turn of a list: for the memory of its next page.
   * @returns whether it may make one, and calls `pageMade` behind it; else the stream is over
   */
  pageTurn(): Promise<boolean>;
  /** The page is made and answered, or there is none. */
  pageMade(): void;
  /** Bytes of Data are consumed: the client may send as many more. */
  consumed(bytes: number): void;
  /**
   * Bytes of Data the client may send ahead, made larger if there is memory. If it has to wait for the response, `consumed`
   * tells it.
   * @returns the window
   */
  widen(bytes: number): number;
  /** Reserves descriptors for files until the stream is over. @returns how many it got, at most `most` */
  takeFiles(most: number): number;
  /** The server's figures. */
  status(): StatusInit;
  countSent(bytes: number): void;
  /** Logs a file or folder that came or went with others; missing where no line of it is wanted. */
  readonly logItem: ((item: LoggedItem) => void) | undefined;
}

/** An operation that goes on after its request. */
export interface Receiving {
  /** The client's Finish came. */
  readonly complete: boolean;
  data(bytes: Uint8Array, blockCrc: number | undefined): void;
  /** Zeros in place of the next bytes; missing where none may come. */
  hole?(length: number, crc32: number): void;
  finish(finish: Finish): void;
  /** The client gives the stream up: its end follows. @param keep it wants to go on with it later */
  cancelled(keep: boolean): void;
  /**
   * The stream is over, perhaps before its end.
   * Throws nothing.
   * @returns a promise where something still runs: resolves when its file is released; never rejects
   */
  abort(error: LeatError): Promise<void> | undefined;
}
