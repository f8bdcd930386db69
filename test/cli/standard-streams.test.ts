/** stdout and stderr of commands: files, pipes that nobody reads yet, terminals. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";
import { AtTerminal, run } from "./support.ts";

const WRITER = join(import.meta.dir, "standard-streams-fixture.ts");
const BYTES = Buffer.from(new Uint8Array(1 << 20).map((_, index) => index >> 12));

test.each([["blocking"], ["nonblocking"]])(
  "a %s pipe that nobody reads yet holds up nothing else, and gets all of it",
  async (kind) => {
    using here = new TemporaryFolder();
    const env = { WRITER, KIND: kind, FILE: here.at("went on"), OUT: here.at("out") };
    const script = `"$BUN" "$WRITER" "$KIND" | (until [ -e "$FILE" ]; do sleep 0.01; done; cat > "$OUT")`;
    const ran = await run(["bash", "-c", script], { env: { ...env, BUN: process.execPath } });
    expect(ran).toEqual({ code: 0, stdout: "", stderr: "written; terminals: false false\n" });
    expect(readFileSync(here.at("out")).equals(BYTES)).toBe(true);
  },
);

test("a file that is appended to keeps what it has", async () => {
  using here = new TemporaryFolder();
  const env = { WRITER, FILE: here.at("went on"), OUT: here.at("out"), BUN: process.execPath };
  const script = `echo before > "$OUT"; "$BUN" "$WRITER" >> "$OUT"; echo behind >> "$OUT"`;
  expect((await run(["bash", "-c", script], { env })).code).toBe(0);
  const out = readFileSync(here.at("out"));
  expect(out.equals(Buffer.concat([Buffer.from("before\n"), BYTES, Buffer.from("behind\n")]))).toBe(
    true,
  );
});

test("/dev/null is no terminal, and a terminal is one", async () => {
  using here = new TemporaryFolder();
  const env = { WRITER, FILE: here.at("went on"), BUN: process.execPath };
  const script = `"$BUN" "$WRITER" > /dev/null`;
  const { stderr } = await run(["bash", "-c", script], { env });
  expect(stderr).toBe("written; terminals: false false\n");
  await using at = new AtTerminal(["bash", "-c", script], { cwd: here.path, env });
  await at.screen.until("written; terminals: false true");
});
