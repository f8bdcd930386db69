/**
 * The tests, as `npm test` and `bun run check` run them: several files at once, with one executable of leat for all
 * that start it, and their files in memory where the system has room for that. Ends with the counts.
 *
 *     bun scripts/run-tests.ts [FLAG-OF-BUN-TEST|PATH]...
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..");

/** Most tests wait for something most of the time. */
const AT_ONCE = availableParallelism() + 1;

const MEMORY = "/dev/shm";
/** Bytes that are more than the tests need there. */
const ROOM = 4 * 2 ** 30;

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Where tests run: a folder for their files, and an executable in it. */
export class TestSite implements Disposable {
  readonly path: string;
  /** What their processes need to know. */
  readonly environment: Record<string, string | undefined>;

  constructor() {
    this.path = mkdtempSync(
      join(process.env["TMPDIR"] ?? (hasRoom() ? MEMORY : tmpdir()), "leat-"),
    );
    chmodSync(this.path, 0o755); // some tests become another user
    const leat = join(this.path, "leat");
    const { exitCode } = Bun.spawnSync([process.execPath, `${ROOT}/scripts/build.ts`, leat], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (exitCode !== 0) throw new Error("leat cannot be built");
    const leats = { LEAT_TEST_CLIENT: leat, LEAT_TEST_SERVER: leat };
    this.environment = { ...leats, ...process.env, TMPDIR: this.path };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /**
   * @param words flags of `bun test`, and paths of tests: all unless given
   * @param more what these tests need to know besides
   */
  async run(words: readonly string[], more: Record<string, string> = {}): Promise<Counts> {
    const report = join(this.path, "tests.xml");
    const how = [`--parallel=${AT_ONCE}`, "--only-failures"];
    const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
    const paths = words.some((word) => !word.startsWith("-")) ? [] : ["./test"];
    const command = [process.execPath, "test", ...how, ...reporter, ...words, ...paths];
    const stdio: ["ignore", "inherit", "inherit"] = ["ignore", "inherit", "inherit"];
    const env = { ...this.environment, ...more };
    const code = await Bun.spawn(command, { cwd: ROOT, env, stdio }).exited;
    const counts = readCounts(report);
    // A run whose tests all passed but which failed as a whole (it crashed) is a failure, too.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  }
}

export const countsText = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

/** Reads the sums of a JUnit report; nothing there counts as a failure. */
function readCounts(path: string): Counts {
  try {
    const head = /<testsuites[^>]*>/.exec(readFileSync(path, "utf8"))![0];
    const count = (name: string): number => Number(new RegExp(`${name}="(\\d+)"`).exec(head)?.[1]);
    const [failed, skipped] = [count("failures"), count("skipped")];
    return { passed: count("tests") - failed - skipped, failed, skipped };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

if (import.meta.main) {
  using site = new TestSite();
  const counts = await site.run(process.argv.slice(2));
  console.log(countsText(counts));
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}
