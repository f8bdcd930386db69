/**
 * bun run bench [codec|transfer|peers|memory|models]... [--quick] [--out DIR] [--name NAME]
 *
 * Progress goes to standard error, what was measured to DIR/NAME.json. Alone on the machine, please.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { progress } from "./support/figures.ts";
import { Recorder, type Suite } from "./support/record.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "bench/results" },
    name: { type: "string", default: new Date().toISOString().slice(0, 10) },
  },
});

/** Each in a file or folder of its own. */
const suites: Record<string, () => Promise<Suite>> = {
  codec: async () => (await import("./codec.ts")).codec,
  transfer: async () => (await import("./transfer.ts")).transfer,
  peers: async () => (await import("./peers/suite.ts")).peers,
  memory: async () => (await import("./memory.ts")).memory,
  models: async () => (await import("./models.ts")).models,
};

const unknown = positionals.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(", ")}; there are ${Object.keys(suites).join(", ")}`);
  process.exit(2);
}

const record = new Recorder();
for (const [name, load] of Object.entries(suites)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const suite = await load();
  progress(`${name}: ${suite.title}`);
  await suite.run({ record, quick: values.quick });
}
mkdirSync(values.out, { recursive: true });
await Bun.write(join(values.out, `${values.name}.json`), JSON.stringify(record, null, 2));
