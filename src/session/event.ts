/** The events that a session gives its driver. */
import type { LeatError } from "../errors.ts";
import type {
  Finish,
  Hello,
  Hole,
  Receipt,
  Request,
  Resend,
  Response,
  Welcome,
} from "../wire/gen/messages.ts";

export type Operation = NonNullable<Request["operation"]>;
export type Result = NonNullable<Response["result"]>;

export type SessionEvent =
  /** Server: answer with `welcome` or `refuse`; until then nothing more comes. */
  | { readonly type: "hello"; readonly hello: Hello }
  /** Client: the server accepted. */
  | { readonly type: "welcome"; readonly welcome: Welcome }
  /** Server: a stream was opened. `undefined`: an operation this version does not know. */
  | { readonly type: "request"; readonly stream: number; readonly operation: Operation | undefined }
  /** Client. */
  | { readonly type: "response"; readonly stream: number; readonly result: Result | undefined }
  /**
   * Bytes of a file, in order; a Data frame may come in several pieces. `crc32` is that of the
   * block, on the last piece of the frame that carried it. Call `consumed` when done with them.
   */
  | {
      readonly type: "data";
      readonly stream: number;
      /** Of the first byte, in the file. */
      readonly offset: number;
      readonly bytes: Uint8Array;
      readonly crc32: number | undefined;
    }
  /** Zeros in place of bytes, in order. They take no credit. */
  | { readonly type: "hole"; readonly stream: number; readonly hole: Hole }
  | { readonly type: "finish"; readonly stream: number; readonly finish: Finish }
  | { readonly type: "receipt"; readonly stream: number; readonly receipt: Receipt }
  | { readonly type: "resend"; readonly stream: number; readonly resend: Resend }
  /** The stream ended with a Failure, sent by the peer or by this session about the peer. */
  | { readonly type: "failure"; readonly stream: number; readonly error: LeatError }
  /** Server: the client gives the stream up; it is for the driver to end it. */
  | { readonly type: "cancel"; readonly stream: number; readonly keep: boolean }
  | { readonly type: "pong"; readonly nonce: number; readonly roundTrip: number }
  /** Client: streams above `lastStream` will not be served; each gets its own failure event. */
  | { readonly type: "goAway"; readonly lastStream: number; readonly error: LeatError }
  /** The peer sent FIN between two frames. */
  | { readonly type: "end" }
  /** The connection is over: the peer's Failure, or ours about the peer (then it is in the queue). */
  | { readonly type: "closed"; readonly error: LeatError };
