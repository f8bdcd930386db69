/** The operations that change names: each is done at once, or not at all, and answered once it is on disk. */
import { LeatError } from "../errors.ts";
import type { MakeDirectory, Remove, Rename } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

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

export async function rename(request: Rename, exchange: Exchange): Promise<void> {
  const { store, durability } = exchange;
  if (store.rename === undefined || request.ifExists === "SKIP") {
    throw new LeatError("UNIMPLEMENTED", "this library does not serve such a rename");
  }
  const replace = request.ifExists === "REPLACE";
  const entry = await store.rename(request.from, request.to, replace, durability);
  exchange.respond({ case: "rename", value: entry });
}
