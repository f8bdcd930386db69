import { BLOCK_SIZE } from "../limits.ts";
import type { Side } from "./state.ts";
import type { Stream } from "./stream.ts";

/**
 * What a transfer waits for, as far as one end can tell:
 *  - `credit`: the peer grants none, so it does not take in what it has;
 *  - `network`: bytes for the peer are not taken off our hands;
 *  - `peer`: it is its turn, and nothing comes;
 *  - `silence`: the same, and it does not even answer a Ping;
 *  - `local`: our own disk, or whoever gives or takes the bytes here;
 *  - `commit`: all is sent, and the server puts it on disk.
 */
export type Wait = "credit" | "network" | "peer" | "silence" | "local" | "commit";

/**
 * @param blocked the transport takes no bytes
 * @returns undefined of what is no transfer, or waits for its turn only
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
    default:
      return undefined;
  }
}

function sending({ outgoing, send }: Stream, side: Side, blocked: boolean): Wait | undefined {
  // A file that is to be opened here, or a client that waits to hear where to go on.
  if (outgoing === undefined) return side === "server" ? "local" : "peer";
  if (!outgoing.done && outgoing.available === 0) return "local";
  if (!outgoing.done && send.credit === 0) return "credit";
  return blocked ? "network" : undefined;
}

/** A client holds a block until its checksum has come. */
function receiving({ receive }: Stream, side: Side): Wait {
  return receive.held >= (side === "client" ? BLOCK_SIZE : 1) ? "local" : "peer";
}
