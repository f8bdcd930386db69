/**
 * Everything that must hold before a change lands: generated code is fresh, format, lint, types,
 * tests with coverage, some of them once more for each other model. Stops at nothing: all findings
 * of one run are shown. Ends with the counts.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of all lines of src/ together, but for what bunfig.toml leaves out. */
const LEAST_COVERAGE = 0.9;

const ROOT = join(import.meta.dir, "..");
const BUN = process.execPath;
const work = mkdtempSync(join(tmpdir(), "leat-check-"));
const report = join(work, "tests.xml");

const steps: Record<string, string[]> = {
  generated: [BUN, "scripts/generate.ts", "--check"],
  format: [BUN, "fmt", "--no-script", "--check"],
  lint: [join(ROOT, "node_modules/.bin/oxlint"), "--deny-warnings"],
  types: [BUN, "check", "--no-script"],
  tests: [
    BUN,
    "test",
    "./test",
    "--parallel=3", // most of them wait for something most of the time
    "--timeout=60000",
    "--coverage",
    "--coverage-reporter=lcov",
    `--coverage-dir=${work}`,
    "--only-failures",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
  ],
  models: [BUN, "scripts/test-models.ts", "--quick"],
};

installStrace();

const failed: string[] = [];
for (const [name, command] of Object.entries(steps)) {
  const began = performance.now();
  const run = Bun.spawn(command, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const ok = (await run.exited) === 0;
  if (!ok) failed.push(name);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${ok ? "ok    " : "FAILED"}  ${name}  ${seconds} s`);
}

const counts = readCounts(report);
const covered = readCoverage(join(work, "lcov.info"));
console.log(`coverage: ${(100 * covered).toFixed(1)} % of the lines of src/ (see bunfig.toml)`);
if (!(covered >= LEAST_COVERAGE)) failed.push(`coverage below ${100 * LEAST_COVERAGE} %`);
rmSync(work, { recursive: true, force: true });
const others = failed.filter((name) => name !== "tests").length;
// A run whose tests all passed but which failed as a whole (it crashed) is a failure, too.
const broken = counts.failed === 0 && failed.includes("tests") ? 1 : 0;
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
console.log(
  `${counts.passed} passed, ${counts.failed + others + broken} failed, ${counts.skipped} skipped`,
);
process.exit(failed.length > 0 || counts.passed === 0 ? 1 : 0);

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

/** Reads the sums of a JUnit report; nothing there counts as a failure. */
function readCounts(path: string): { passed: number; failed: number; skipped: number } {
  try {
    const head = /<testsuites[^>]*>/.exec(readFileSync(path, "utf8"))![0];
    const count = (name: string): number => Number(new RegExp(`${name}="(\\d+)"`).exec(head)?.[1]);
    const skipped = count("skipped");
    return {
      passed: count("tests") - count("failures") - skipped,
      failed: count("failures"),
      skipped,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
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
