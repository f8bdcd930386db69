/** The programs in examples/embed run as they stand. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";

const program = (name: string): string => join(import.meta.dir, "../../examples/embed", name);

test("serve and copy", async () => {
  using folder = new TemporaryFolder();
  const library = folder.folder("library");
  const server = Bun.spawn([process.execPath, program("serve.ts"), library], {
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    const reader = server.stdout.getReader();
    const said = new TextDecoder().decode((await reader.read()).value);
    const address = /on (127\.0\.0\.1:\d+)\n$/.exec(said)?.[1];
    expect(address).toBeDefined();
    const copy = Bun.spawn([process.execPath, program("copy.ts"), address!], {
      cwd: folder.path,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([copy.stdout.text(), copy.stderr.text()]);
    expect(out).toMatch(
      /^lines\.txt: 8893 bytes, fsync\nlines\.txt 8893\nstream\.txt 1800000\nthe first \d+ bytes are enough\n$/,
    );
    expect(err).toEndWith("\r100 %\n");
    expect(await copy.exited).toBe(0);
    expect(await Bun.file(folder.at("copy.txt")).text()).toBe(
      "from a web stream\n".repeat(100_000),
    );
    server.kill("SIGINT");
    expect(await server.exited).toBe(0);
  } finally {
    server.kill();
  }
});

test("serve says what is wrong", async () => {
  const run = Bun.spawn([process.execPath, program("serve.ts"), "/nowhere"], { stderr: "pipe" });
  expect(await run.stderr.text()).toStartWith("NOT_FOUND: ");
  expect(await run.exited).toBe(1);
});

test.each(["serve.ts", "copy.ts"])("%s is short", (name) => {
  expect(readFileSync(program(name), "utf8").split("\n").length).toBeLessThanOrEqual(41);
});
