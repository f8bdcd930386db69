import type { Status } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

export async function status(_request: Status, exchange: Exchange): Promise<void> {
  const { store } = exchange;
  const freeBytes = store.freeBytes === undefined ? 0 : await store.freeBytes();
  exchange.respond({
    case: "status",
    value: { ...exchange.status(), readOnly: store.readOnly, freeBytes },
  });
}
