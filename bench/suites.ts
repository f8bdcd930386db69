/** The suites by name; each is loaded when it runs. They run and are reported in this order: what a reader asks first. */
import type { Suite } from "./support/record.ts";

export const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  peers: async () => (await import("./peers/suite.ts")).peers,
  secure: async () => (await import("./secure.ts")).secure,
  trees: async () => (await import("./trees.ts")).trees,
  transfer: async () => (await import("./transfer.ts")).transfer,
  models: async () => (await import("./models.ts")).models,
  growth: async () => (await import("./growth.ts")).growth,
  memory: async () => (await import("./memory.ts")).memory,
  codec: async () => (await import("./codec.ts")).codec,
};

/** What each is about. */
export async function titles(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name, load] of Object.entries(SUITES)) found.set(name, (await load()).title);
  return found;
}
