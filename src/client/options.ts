/** What a caller may ask for besides the path. */
import type { Collision } from "../store/store.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ConnectOptions extends CallOptions {
  /** Milliseconds for connecting and the handshake together. */
  readonly timeout?: number;
}

export interface ListOptions extends CallOptions {
  /** Names that begin with "." too. */
  readonly hidden?: boolean;
}

export interface GetOptions extends CallOptions {
  /** First byte. */
  readonly offset?: number;
  /** Bytes; to the end unless given. */
  readonly length?: number;
  /** Only this version. @throws PRECONDITION_FAILED */
  readonly ifMatch?: string;
  /** Verify the SHA-256 of the whole, too. */
  readonly sha256?: boolean;
  /** Told of arriving bytes: their sum so far. */
  readonly onProgress?: (bytes: number) => void;
}

export interface PutOptions extends CallOptions {
  /** When the name is taken: `fail` unless given. */
  readonly ifExists?: Collision;
  /** With `replace`: only this version. */
  readonly ifMatch?: string;
  /** To be the file's modified time: that of a local file unless given. */
  readonly modified?: Date;
  readonly sha256?: boolean;
  /** Told of leaving bytes: their sum so far. */
  readonly onProgress?: (bytes: number) => void;
}

export interface ListSummary {
  /** Names left out because they are not UTF-8. */
  readonly skippedNames: number;
}
