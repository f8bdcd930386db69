/** The suites by name; each is loaded when it runs. In the order in which they run. */
import type { Suite } from "./support/record.ts";

export const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  codec: async () => (await import("./codec.ts")).codec,
  transfer: async () => (await import("./transfer.ts")).transfer,
  models: async () => (await import("./models.ts")).models,
  peers: async () => (await import("./peers/suite.ts")).peers,
  memory: async () => (await import("./memory.ts")).memory,
};

/** What each is about. */
export async function titles(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name, load] of Object.entries(SUITES)) found.set(name, (await load()).title);
  return found;
}
