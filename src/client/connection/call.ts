/** One stream as the client's library sees it. */
import { LeatError } from "../../errors.ts";
import type { Result } from "../../session/event.ts";
import type { Finish, Receipt } from "../../wire/gen/messages.ts";

/** Hears what happens on a stream. Whatever is missing is an error of the server. */
export interface Call {
  /** When its signal gives it up, the server is to keep what it has. */
  readonly keeps?: boolean;
  /** The request has its stream: it leaves now. */
  opened?(stream: number): void;
  response?(result: Result | undefined): void;
  /** @param blockCrc the CRC of the block that ends with these bytes, when it came */
  data?(bytes: Uint8Array, blockCrc: number | undefined): void;
  finish?(finish: Finish): void;
  receipt?(receipt: Receipt): void;
  /**
   * The stream is over without its end. Called at most once; nothing follows.
   * @param lost the connection went, perhaps with the answer
   */
  failed(error: LeatError, lost: boolean): void;
}

export function unexpected(name: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server answered ${name} with something else`);
}
