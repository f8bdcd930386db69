/** The operations that change names: each is done at once, or not at all, and answered once it is on disk. */
import { LeatError } from "../errors.ts";
import type {
  MakeDirectory,
  MakeLink,
  Remove,
  Rename,
  SetAttributes,
} from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";
import { COLLISIONS } from "./put.ts";

export async function remove(request: Remove, exchange: Exchange): Promise<void> {
  await exchange.store.remove(request.path, request.ifMatch);
  exchange.respond({ case: "remove", value: {} });
}

export async function makeDirectory(request: MakeDirectory, exchange: Exchange): Promise<void> {
  const { store, durability } = exchange;
  const { path, parents, modified, mode } = request;
  const entry = await store.makeDirectory(path, parents, durability, { modified, mode });
  exchange.respond({ case: "makeDirectory", value: entry });
}

export async function makeLink(request: MakeLink, exchange: Exchange): Promise<void> {
  const { store, durability } = exchange;
  if (store.makeLink === undefined) {
    throw new LeatError("UNIMPLEMENTED", "this library has no links");
  }
  const { path, target, ifExists, again } = request;
  const collision = COLLISIONS[ifExists];
  const entry = await store.makeLink(path, target, { collision, durability, again });
  exchange.respond({ case: "makeLink", value: entry });
}

export async function setAttributes(request: SetAttributes, exchange: Exchange): Promise<void> {
  const { store } = exchange;
  if (store.setAttributes === undefined) {
    throw new LeatError("UNIMPLEMENTED", "this library keeps no modes and times that can be set");
  }
  const { path, modified, mode, ifMatch } = request;
  if (modified === undefined && mode === undefined) {
    throw new LeatError("INVALID_ARGUMENT", "neither a mode nor a time is to be set");
  }
  const entry = await store.setAttributes(path, { modified, mode }, ifMatch);
  exchange.respond({ case: "setAttributes", value: entry });
}

export async function rename(request: Rename, exchange: Exchange): Promise<void> {
  const { store, durability } = exchange;
  if (store.rename === undefined || request.ifExists === "SKIP") {
    throw new LeatError("UNIMPLEMENTED", "this library does not serve such a rename");
  }
  const replace = request.ifExists === "REPLACE";
  const entry = await store.rename(request.from, request.to, replace, durability);
  exchange.respond({ case: "rename", value: entry });
}
