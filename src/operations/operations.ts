/** The operations of a server: one row each. */
import { LeatError } from "../errors.ts";
import type { Operation } from "../session/event.ts";
import { makeDirectory, makeLink, remove, rename, setAttributes } from "./change.ts";
import { checksum } from "./checksum.ts";
import type { Exchange, Receiving } from "./exchange.ts";
import { get } from "./get.ts";
import { list } from "./list.ts";
import { PutOperation } from "./put.ts";
import { PutTreeOperation } from "./put-tree.ts";
import { stat } from "./stat.ts";
import { status } from "./status.ts";
import { walk } from "./walk.ts";

/** Runs an operation. An error that it throws is sent as the stream's Failure. @returns the handler of the rest of the stream, or a promise of the end */
export function run(operation: Operation, exchange: Exchange): Receiving | Promise<void> {
  switch (operation.case) {
    case "list":
      return list(operation.value, exchange);
    case "stat":
      return stat(operation.value, exchange);
    case "get":
      return get(operation.value, exchange);
    case "put":
      return new PutOperation(operation.value, exchange);
    case "remove":
      return remove(operation.value, exchange);
    case "rename":
      return rename(operation.value, exchange);
    case "makeDirectory":
      return makeDirectory(operation.value, exchange);
    case "makeLink":
      return makeLink(operation.value, exchange);
    case "setAttributes":
      return setAttributes(operation.value, exchange);
    case "checksum":
      return checksum(operation.value, exchange);
    case "status":
      return status(operation.value, exchange);
    case "walk":
      return walk(operation.value, exchange);
    case "putTree":
      return new PutTreeOperation(operation.value, exchange);
  }
}

/** For a request of a newer schema. */
export function unknownOperation(): LeatError {
  return new LeatError(
    "UNIMPLEMENTED",
    "this server does not know the operation that was asked for",
  );
}
