/**
 * Everything that must hold before a change lands: generated code is fresh, format, lint, types,
 * tests, some of them once more for each other model. Stops at nothing: all findings of one run are
 * shown. Ends with the counts. In CI, and with `LEAT_TEST_COVERAGE=1`, the tests tell their coverage, too, for which they
 * need a tenth more.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countsText, ROOT, TestSite } from "./run-tests.ts";

/** Of all lines of src/ together, but for what bunfig.toml leaves out. */
const LEAST_COVERAGE = 0.9;

const MEASURES = process.env["CI"] !== undefined || process.env["LEAT_TEST_COVERAGE"] === "1";

const BUN = process.execPath;

installStrace();
using site = new TestSite();
const failed: string[] = [];

await step("generated", [BUN, "scripts/generate.ts", "--check"]);
await step("format", [BUN, "fmt", "--no-script", "--check"]);
await step("lint", [join(ROOT, "node_modules/.bin/oxlint"), "--deny-warnings"]);
await step("types", [BUN, "check", "--no-script"]);
const began = performance.now();
const coverage = ["--coverage", "--coverage-reporter=lcov", `--coverage-dir=${site.path}`];
const counts = await site.run(MEASURES ? coverage : []);
tell(counts.failed === 0, "tests", began);
await step("models", [BUN, "scripts/test-models.ts", "--quick"]);

if (MEASURES) requireCoverage();
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
console.log(countsText({ ...counts, failed: counts.failed + failed.length }));
process.exitCode = failed.length + counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function step(name: string, command: readonly string[]): Promise<void> {
  const began = performance.now();
  const run = Bun.spawn([...command], {
    cwd: ROOT,
    env: site.environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ok = (await run.exited) === 0;
  if (!ok) failed.push(name);
  tell(ok, name, began);
}

function tell(ok: boolean, name: string, began: number): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${ok ? "ok    " : "FAILED"}  ${name}  ${seconds} s`);
}

/**
 * Tests of a failing disk need it; where it is absent they are skipped, and that is said. Only CI
 * installs: a check on somebody's own machine changes nothing there.
 */
function installStrace(): void {
  if (process.platform !== "linux" || Bun.which("strace") !== null) return;
  const mayInstall = process.env["CI"] !== undefined && process.getuid?.() === 0;
  const install = "apt-get update -qq && apt-get install -y -qq strace";
  if (mayInstall) Bun.spawnSync(["sh", "-c", install], { timeout: 120_000 });
  if (Bun.which("strace") !== null) return;
  console.log("strace is absent: tests of a failing disk are skipped");
}

function requireCoverage(): void {
  const covered = readCoverage(join(site.path, "lcov.info"));
  console.log(`coverage: ${(100 * covered).toFixed(1)} % of the lines of src/ (see bunfig.toml)`);
  if (!(covered >= LEAST_COVERAGE)) failed.push(`coverage below ${100 * LEAST_COVERAGE} %`);
}

/** The share of lines that ran, from an lcov report; nothing there counts as none. */
function readCoverage(path: string): number {
  try {
    const text = readFileSync(path, "utf8");
    const sum = (tag: string): number =>
      [...text.matchAll(new RegExp(`^${tag}:(\\d+)$`, "gm"))].reduce(
        (all, [, n]) => all + Number(n),
        0,
      );
    return sum("LH") / sum("LF");
  } catch {
    return 0;
  }
}
