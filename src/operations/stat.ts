import type { Stat } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

export async function stat(request: Stat, exchange: Exchange): Promise<void> {
  exchange.respond({ case: "stat", value: await exchange.store.stat(request.path) });
}
