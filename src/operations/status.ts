import type { Status } from "../wire/gen/messages.ts";
import type { Store } from "../store/store.ts";
import type { Exchange } from "./exchange.ts";

export async function status(_request: Status, exchange: Exchange): Promise<void> {
  const { store } = exchange;
  exchange.respond({
    case: "status",
    value: {
      ...exchange.status(),
      readOnly: store.readOnly,
      freeBytes: await freeBytes(store),
    },
  });
}

/** @returns undefined where the disk does not answer: the status of a server is needed then, too */
async function freeBytes(store: Store): Promise<number | undefined> {
  try {
    return await store.freeBytes?.();
  } catch {
    return undefined;
  }
}
