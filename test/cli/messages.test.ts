/** What is said on stderr, where it is a pipe that somebody reads late or never. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, run } from "./support.ts";

const TALKER = join(import.meta.dir, "messages-fixture.ts");
/** Six times what a pipe holds. */
const SAYS = 32_000;

/** leat's own shell, its commands from a pipe. */
const SHELL = `"$LEAT" client --server "$SERVER"`;
const envOf = (server: string) => ({ LEAT: CLIENT, SERVER: server });

const until = (file: string): string => `until [ -s "${file}" ]; do sleep 0.01; done`;

test("who reads late gets every line, and nothing waits meanwhile", async () => {
  using here = new TemporaryFolder();
  const env = { TALKER, SAYS: `${SAYS}`, FILE: here.at("pid"), OUT: here.at("out") };
  const script = `"$BUN" "$TALKER" 2>&1 >/dev/null | (${until("$FILE")}; cat > "$OUT")`;
  const ran = await run(["bash", "-c", script], { env: { ...env, BUN: process.execPath } });
  expect(ran).toEqual({ code: 0, stdout: "", stderr: "" });
  const lines = Array.from({ length: SAYS }, (_, index) => `line ${`${index}`.padStart(6, "0")}\n`);
  expect(readFileSync(here.at("out"), "utf8")).toBe(lines.join(""));
});

test("a signal ends a command whose messages nobody reads", async () => {
  using here = new TemporaryFolder();
  const env = { TALKER, SAYS: `${SAYS}`, FILE: here.at("pid"), DONE: here.at("done") };
  // The reader stays, and reads nothing, until the talker has ended.
  const talker = `("$BUN" "$TALKER" 2>&1 >/dev/null; echo "$?" > "$DONE")`;
  const script = `${talker} | (${until("$FILE")}; kill "$(cat "$FILE")"; ${until("$DONE")})`;
  const ran = await run(["bash", "-c", script], { env: { ...env, BUN: process.execPath } });
  expect(ran).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(here.at("done"), "utf8")).toBe("0\n");
});

test("help for a reader that has gone ends without a word", async () => {
  using here = new TemporaryFolder();
  await using server = await createServer({ library: here.path, port: 0 });
  const script = `printf 'help get\\nget --help\\nlist\\n' | ${SHELL} | true; echo "\${PIPESTATUS[1]}"`;
  const ran = await run(["bash", "-c", script], { env: envOf(server.address) });
  expect(ran).toEqual({ code: 0, stdout: "141\n", stderr: "" });
});

test("help in a shell comes in order with the rest", async () => {
  using here = new TemporaryFolder();
  here.file("a.txt", "a");
  await using server = await createServer({ library: here.path, port: 0 });
  const ran = await run(["bash", "-c", `printf 'list\\nhelp get\\nlist\\n' | ${SHELL}`], {
    env: envOf(server.address),
  });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(/^a\.txt\nUsage: get [\s\S]*\na\.txt\n$/);
});
