/**
 * Loaded before all tests (bunfig.toml): gives each as long as it needs on a machine with much else to do. The 5 s of the
 * runner can only be changed by a flag of the command, or in each file: so each file gets a line.
 */
import { readFileSync } from "node:fs";
import { plugin } from "bun";

/** Milliseconds; a test that takes longer hangs. */
const TIMEOUT = 300_000;

/** In front of the first line: the numbers of the lines stay. */
const LINE = `import { setDefaultTimeout as atMost } from "bun:test"; atMost(${TIMEOUT}); `;

plugin({
  name: "timeout",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, ({ path }) => ({
      contents: LINE + readFileSync(path, "utf8"),
      loader: "ts",
    }));
  },
});
