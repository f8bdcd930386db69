import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { Finish, Receipt } from "../../wire/gen/messages.ts";

/** Handles the events of one stream. An event without a method is an error of the server. */
export interface StreamHandler {
  /** When the caller's signal aborts this upload, the server is asked to keep what has arrived. */
  readonly keepsPartial?: boolean;
  /** The request has its stream, and leaves now. */
  opened?(stream: number): void;
  response?(result: Result | undefined): void;
  /** @param blockCrc the CRC of the block that ends with these bytes, when it came */
  data?(bytes: Uint8Array, blockCrc: number | undefined): void;
  /** Zeros in place of bytes. @param crc32 of so many */
  hole?(length: number, crc32: number): void;
  finish?(finish: Finish): void;
  receipt?(receipt: Receipt): void;
  /**
   * The stream is over without its end. Called at most once; nothing follows.
   * @param lost the connection was lost, perhaps with the answer
   */
  failed(error: LeatError, lost: boolean): void;
}

export function unexpected(operation: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server answered ${operation} with something else`);
}
