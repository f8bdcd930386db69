import { BLOCK_SIZE } from "../limits.ts";
import type { Side } from "./state.ts";
import type { Stream } from "./stream.ts";

/**
 * The thing that a transfer waits for, as far as one end can tell:
 *  - `credit`: the peer grants none, so it does not consume what it has;
 *  - `network`: our socket takes no bytes;
 *  - `peer`: it is the peer's turn, and nothing comes;
 *  - `silence`: the same, and the peer does not even answer a Ping;
 *  - `local`: our own disk, or the caller that gives or takes the bytes;
 *  - `commit`: all is sent, and the server puts it on disk.
 */
export type Wait = "credit" | "network" | "peer" | "silence" | "local" | "commit";

/**
 * @param blocked the transport takes no bytes
 * @returns undefined for a stream that is no transfer, or waits only for its turn to send
 */
export function waitOf(stream: Stream, side: Side, blocked: boolean): Wait | undefined {
  switch (stream.state) {
    case "get":
    case "get-answered":
      return side === "server" ? sending(stream, side, blocked) : receiving(stream, side);
    case "put":
      if (side === "server" && stream.receive.held === 0) return "local"; // it was not accepted yet
      return side === "client" ? sending(stream, side, blocked) : receiving(stream, side);
    case "put-answered":
      return side === "client" ? sending(stream, side, blocked) : receiving(stream, side);
    case "put-finished":
    case "put-complete":
      return "commit";
    case "put-tree":
      return side === "server" ? "local" : "peer";
    case "put-tree-answered":
    case "put-tree-finished":
      return exchanging(stream, side, blocked);
    default:
      return undefined;
  }
}

function sending({ outgoing, send }: Stream, side: Side, blocked: boolean): Wait | undefined {
  // A server opens the file; a client waits for the offset at which to resume.
  if (outgoing === undefined) return side === "server" ? "local" : "peer";
  if (!outgoing.done && outgoing.available === 0) return "local";
  if (!outgoing.done && send.credit === 0) return "credit";
  return blocked ? "network" : undefined;
}

/** Both sides send: items, and their outcomes. */
function exchanging(stream: Stream, side: Side, blocked: boolean): Wait | undefined {
  const { outgoing, send, receive } = stream;
  if (outgoing !== undefined && outgoing.available > 0) {
    return send.credit === 0 ? "credit" : blocked ? "network" : undefined;
  }
  if (stream.commits) return "commit";
  return side === "server" && receive.held > 0 ? "local" : "peer";
}

/** A client holds a block until its checksum has come. */
function receiving({ receive }: Stream, side: Side): Wait {
  return receive.held >= (side === "client" ? BLOCK_SIZE : 1) ? "local" : "peer";
}
