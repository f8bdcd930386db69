/**
 * All tests, the server's tests with each other model, and chaos runs of each kind; once with every socket
 * read by recv(2) from its first byte on, and once with none (docs/decisions/0031-direct-reads.md):
 *
 *     bun run test:direct-reads [on|off]...
 *
 * Stops at nothing, and names at its end what failed. Takes about ten minutes on two cores.
 */
import { join } from "node:path";

const CHOICES = ["on", "off"];

const STEPS = [
  ["scripts/run-tests.ts"],
  // TLS is never read directly.
  ["scripts/test-models.ts", "--quick", "--plain"],
  ["test/chaos/main.ts", "--runs", "24"],
];

const named = process.argv.slice(2);
const unknown = named.filter((word) => !CHOICES.includes(word));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")}: none of ${CHOICES.join(", ")}`);
  process.exit(2);
}

const failed: string[] = [];
for (const choice of named.length > 0 ? named : CHOICES) {
  for (const step of STEPS) {
    console.log(`direct reads ${choice}: ${step.join(" ")}`);
    const { exitCode } = Bun.spawnSync([process.execPath, ...step], {
      cwd: join(import.meta.dir, ".."),
      env: { ...process.env, LEAT_DIRECT_READS: choice },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (exitCode !== 0) failed.push(`${choice}: ${step.join(" ")}`);
  }
}
for (const what of failed) console.log(`FAILED  direct reads ${what}`);
process.exitCode = failed.length > 0 ? 1 : 0;
