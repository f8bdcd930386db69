/**
 * The tests with TLS and users switched on for all servers that they start, once for each way of serving:
 *
 *     bun run test:secured [event-loop|iterative|processes|threads|workers]... [PATH]...
 *
 * Without a way: all of them. Without a PATH: with the event loop all tests, and with each other way those of the
 * folders whose tests start servers. What cannot be done with TLS or with users is skipped, and its name says why.
 */
import { type Way, WAYS } from "../test/support/ways.ts";
import { countsText, TestSite } from "./run-tests.ts";
import { Secured } from "./secured.ts";

/** Of tests that start servers; the other tests are the same with each way. */
const SERVING = ["test/server", "test/client", "test/resume", "test/cli", "test/operations"];

const words = process.argv.slice(2);
const named = WAYS.filter((way) => words.includes(way));
const paths = words.filter((word) => !(WAYS as readonly string[]).includes(word));

using secured = new Secured();
using site = new TestSite();
for (const way of named.length > 0 ? named : WAYS) if (!(await passes(way))) process.exitCode = 1;

async function passes(way: Way): Promise<boolean> {
  const all = way === "event-loop" ? [] : SERVING;
  const chosen = paths.length > 0 ? paths : all;
  const counts = await site.run(chosen, { ...secured.environment, LEAT_TEST_MODEL: way });
  console.log(`${way}, with TLS and users: ${countsText(counts)}`);
  return counts.failed === 0 && counts.passed > 0;
}
