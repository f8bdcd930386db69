/**
 * bun run bench [codec|transfer|memory]... [--quick]
 *
 * Progress goes to standard error, tables to standard output. Alone on the machine, please.
 */
import { cpus, loadavg, release, totalmem } from "node:os";
import { GiB, MiB } from "../src/limits.ts";
import { memory } from "./memory.ts";
import { transfer } from "./transfer.ts";

const words = process.argv.slice(2);
const quick = words.includes("--quick");
const named = words.filter((word) => !word.startsWith("--"));

const suites: Record<string, () => Promise<void>> = {
  codec: async () => (await import("./codec.ts")).codec(),
  transfer: () => transfer(quick ? 3 : 5, quick ? 256 * MiB : GiB),
  memory,
};

const unknown = named.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(
    `unknown bench: ${unknown.join(", ")}; there are ${Object.keys(suites).join(", ")}`,
  );
  process.exit(2);
}

const load = loadavg().map((value) => value.toFixed(2));
console.log(
  `Bun ${Bun.version}, ${process.platform} ${release()}, ${cpus().length} × ${cpus()[0]?.model}, ` +
    `${(totalmem() / GiB).toFixed(0)} GiB, load average ${load.join(" ")}`,
);
for (const [name, run] of Object.entries(suites)) {
  if (named.length === 0 || named.includes(name)) await run();
}
