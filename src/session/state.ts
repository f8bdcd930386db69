/**
 * The life of a stream, as a table. Two rules:
 *  1. Every transition of a stream is in this file.
 *  2. This file does not know which side we are: both sides drive the same table, each with the
 *     frames it sends and the frames it receives.
 *
 *   unary   Request -> Response
 *   list    Request -> Response+ -> Finish
 *   get     Request -> Response -> Data* -> Finish
 *   walk    as get
 *   put-tree  Request -> Response -> (client) Data* -> (client) Finish -> (server) Finish
 *           where the server's Data may come from the Response on
 *   put     Request -> Response -> (client) Data* -> (client) Finish -> Receipt
 *           where the client's Data and Finish may come before the Response
 *
 * In a get and a put, a Hole may stand for Data.
 *
 * A Failure ends any stream. After the client's Cancel the server still ends the stream, with
 * whatever terminal frame it had on its way or with a Failure.
 */
import type { FrameBody, Request } from "../wire/gen/messages.ts";

export type Side = "client" | "server";

export type StreamState =
  | "unary"
  | "list"
  | "list-answered"
  | "get"
  | "get-answered"
  | "put"
  | "put-finished" // the client finished before the Response came
  | "put-answered"
  | "put-complete" // everything is there: only the Receipt is missing
  | "put-tree"
  | "put-tree-answered"
  | "put-tree-finished" // the client finished: outcomes are missing
  | "unary-cancelled"
  | "cancelled"
  | "ended";

export type StreamFrame = Exclude<
  FrameBody["case"],
  "request" | "ping" | "pong" | "hello" | "welcome" | "goAway"
>;

type Row = Readonly<Partial<Record<`${Side}:${StreamFrame}`, StreamState>>>;

const CANCELLED: Row = {
  "server:response": "cancelled",
  "server:data": "cancelled",
  "server:hole": "cancelled",
  "server:credit": "cancelled",
  "server:resend": "cancelled",
  "server:finish": "ended",
  "server:receipt": "ended",
  "server:failure": "ended",
};

/** All rows: for `step`, for the test that walks them and for the drawing in docs/protocol.md. */
export const TRANSITIONS: Readonly<Record<StreamState, Row>> = {
  unary: {
    "server:response": "ended",
    "server:failure": "ended",
    "client:cancel": "unary-cancelled",
  },
  list: {
    "server:response": "list-answered",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "list-answered": {
    "server:response": "list-answered",
    "server:finish": "ended",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  get: {
    "client:credit": "get",
    "server:response": "get-answered",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "get-answered": {
    "client:credit": "get-answered",
    "client:resend": "get-answered",
    "server:data": "get-answered",
    "server:hole": "get-answered",
    "server:finish": "ended",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  put: {
    "client:data": "put",
    "client:hole": "put",
    "client:finish": "put-finished",
    "server:credit": "put",
    "server:response": "put-answered",
    "server:receipt": "ended", // skipped: the name exists
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "put-finished": {
    "server:credit": "put-finished",
    "server:response": "put-complete",
    "server:receipt": "ended",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "put-answered": {
    "client:data": "put-answered",
    "client:hole": "put-answered",
    "client:finish": "put-complete",
    "server:credit": "put-answered",
    "server:resend": "put-answered",
    "server:receipt": "ended",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "put-complete": {
    "client:data": "put-complete", // in answer to a Resend
    "server:credit": "put-complete",
    "server:resend": "put-complete",
    "server:receipt": "ended",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "put-tree": {
    "server:response": "put-tree-answered",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "put-tree-answered": {
    "client:data": "put-tree-answered",
    "client:credit": "put-tree-answered",
    "client:finish": "put-tree-finished",
    "server:data": "put-tree-answered",
    "server:credit": "put-tree-answered",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "put-tree-finished": {
    "client:credit": "put-tree-finished",
    "server:data": "put-tree-finished",
    "server:credit": "put-tree-finished",
    "server:finish": "ended",
    "server:failure": "ended",
    "client:cancel": "cancelled",
  },
  "unary-cancelled": { "server:response": "ended", "server:failure": "ended" },
  cancelled: CANCELLED,
  ended: {},
};

/** The state behind `frame`, or undefined where the frame is not allowed. */
export function step(state: StreamState, side: Side, frame: StreamFrame): StreamState | undefined {
  return TRANSITIONS[state][`${side}:${frame}`];
}

/** The state of a stream that this request opens. */
export function opened(operation: NonNullable<Request["operation"]>["case"]): StreamState {
  switch (operation) {
    case "list":
    case "get":
    case "put":
      return operation;
    case "walk":
      return "get";
    case "putTree":
      return "put-tree";
    default:
      return "unary";
  }
}
