/**
 * The server's tests, once for each way of serving:
 *
 *     bun run test:models [--quick [--plain]] [event-loop|iterative|processes|threads|workers]...
 *
 * All ways but for the event loop with `--quick`, which `bun run check` does: its tests ran already,
 * and of the others the ones that do not take long. Some ways then have TLS and users, but for `--plain`: all ways
 * with all tests have them with `bun run test:secured`. Tells what was skipped, and why.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secured } from "./secured.ts";
import { type Way, WAYS } from "../test/support/ways.ts";

const ROOT = join(import.meta.dir, "..");

const QUICK = [
  "server/raw",
  "server/refusing",
  "server/leftovers",
  "server/killing",
  "server/retaken",
];

const ALL = [
  ...QUICK,
  "server/changing",
  "server/put-rules",
  "server/outliving",
  "client/client",
  "operations/bounds",
  "docs/refusals",
  "docs/python-client",
];

const FLAGS = ["--quick", "--plain"];

/** Runs with `--quick` that share the cores. */
const AT_ONCE = 2;

interface Outcome {
  readonly way: Way;
  readonly ok: boolean;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  /** Names, with the reason in each. */
  readonly skipped: readonly string[];
  readonly output: string;
}

const quick = process.argv.includes("--quick");
/** These have TLS and users. */
const SECURED: readonly Way[] =
  quick && !process.argv.includes("--plain") ? ["threads", "workers"] : [];
const named = process.argv.slice(2).filter((word) => !FLAGS.includes(word));
const unknown = named.filter((word) => !(WAYS as readonly string[]).includes(word));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")}: none of ${WAYS.join(", ")}`);
  process.exit(2);
}
const chosen = WAYS.filter((way) =>
  named.length > 0 ? named.includes(way) : !quick || way !== "event-loop",
);

const secured = new Secured();
const work = mkdtempSync(join(tmpdir(), "leat-models-"));
const waiting = [...chosen];
const outcomes: Outcome[] = [];
await Promise.all(Array.from({ length: quick ? AT_ONCE : 1 }, lane));
rmSync(work, { recursive: true, force: true });
secured[Symbol.dispose]();
const skips = new Set(outcomes.flatMap(({ skipped }) => skipped));
for (const name of skips) console.log(`skipped  ${name}`);
process.exit(outcomes.every(({ ok }) => ok) ? 0 : 1);

/** Runs one way after the other. */
async function lane(): Promise<void> {
  for (let way = waiting.shift(); way !== undefined; way = waiting.shift()) {
    const outcome = await run(way);
    outcomes.push(outcome);
    const { ok, passed, failed, skipped, seconds } = outcome;
    if (!ok) console.log(outcome.output);
    else if (!quick)
      for (const [line] of outcome.output.matchAll(/^measured: .*$/gm)) console.log(line);
    const what = SECURED.includes(way) ? `${way}, TLS, users` : way;
    const counts = `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
    console.log(
      `${ok ? "ok    " : "FAILED"}  ${what.padEnd(20)}  ${counts}  ${seconds.toFixed(1)} s`,
    );
  }
}

async function run(way: Way): Promise<Outcome> {
  const began = performance.now();
  const report = join(work, `${way}.xml`);
  const reporter = ["--only-failures", "--reporter=junit", `--reporter-outfile=${report}`];
  const files = (quick ? QUICK : ALL).map((name) => `./test/${name}.test.ts`);
  const own = SECURED.includes(way) ? secured.environment : {};
  const child = Bun.spawn([process.execPath, "test", ...reporter, ...files], {
    cwd: ROOT,
    env: { ...process.env, ...own, LEAT_TEST_MODEL: way, LEAT_TEST_LONG: quick ? "" : "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  const counts = readReport(report);
  return {
    way,
    ok: code === 0 && counts.passed > 0,
    seconds: (performance.now() - began) / 1000,
    ...counts,
    output: out + err,
  };
}

/** Reads a JUnit report; one that is not there has no test that passed. */
function readReport(path: string): Pick<Outcome, "passed" | "failed" | "skipped"> {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // The run crashed: its output tells.
  }
  const cases = [...text.matchAll(/<testcase name="([^"]*)"[^>]*?(\/>|>[^]*?<\/testcase>)/g)];
  const having = (tag: string) => cases.filter(([, , rest]) => rest!.includes(`<${tag}`));
  const skipped = having("skipped").map(([, name]) => name!);
  const failed = having("failure").length;
  return { passed: cases.length - failed - skipped.length, failed, skipped };
}
