/** What the tests of interrupted transfers share. */
import { readdirSync } from "node:fs";
import { type Client, connect } from "../../src/index.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";

/** Hidden files in a folder: what interrupted downloads have left. */
export function left(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("."));
}

/** A client behind a proxy. @param faults of its connections; those after them have none */
export async function behindFaults(
  port: number,
  faults: readonly Fault[],
  use: (client: Client, proxy: FaultProxy) => Promise<void>,
  retry = 20_000,
): Promise<void> {
  using proxy = new FaultProxy(port, (connection) => faults[connection] ?? {});
  await using client = await connect(proxy.address, { retry });
  await use(client, proxy);
}
