/** The order in which a commit asks for things, and what is left when one of them fails. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Glob } from "bun";
import { TemporaryFolder } from "../support/folder.ts";

interface Report {
  readonly calls: readonly string[];
  readonly ends: readonly string[];
  readonly names: readonly string[];
  /** Partials. */
  readonly left: number;
}

async function run(spoil: string): Promise<Report> {
  using folder = new TemporaryFolder();
  const script = `${import.meta.dir}/commit-fixture.ts`;
  const child = Bun.spawn([process.execPath, script, folder.path, spoil], { stderr: "inherit" });
  const report: unknown = await new Response(child.stdout).json();
  expect(await child.exited).toBe(0);
  return report as Report;
}

const isLinux = process.platform === "linux";

describe.if(isLinux)("a commit", () => {
  test("puts the file on disk, then names it, then puts the name on disk", async () => {
    const { calls, ends, left } = await run("nothing");
    expect(calls).toEqual([
      "fsync file .leat/partial/PARTIAL",
      "link .leat/partial/PARTIAL folder/fail-fsync",
      "unlink .leat/partial/PARTIAL",
      "fsync folder folder",
      "link .leat/partial/PARTIAL folder/fail-none",
      "unlink .leat/partial/PARTIAL",
      "fsync file .leat/partial/PARTIAL",
      "rename .leat/partial/PARTIAL folder/replace-fsync",
      "fsync folder folder",
    ]);
    expect(ends).toEqual(["fail-fsync", "fail-none", "replace-fsync"]);
    expect(left).toBe(0);
  });

  test("names nothing when the file cannot be put on disk", async () => {
    const { ends, names, left } = await run("file-fsync");
    expect(ends).toEqual(["IO_ERROR", "fail-none", "IO_ERROR"]);
    expect(names).toEqual(["fail-none"]);
    expect(left).toBe(0);
  });

  test("takes the name back when it cannot be put on disk", async () => {
    const { ends, names, left } = await run("folder-fsync");
    expect(ends).toEqual(["IO_ERROR", "fail-none", "IO_ERROR"]);
    expect(names).toEqual(["fail-none"]);
    expect(left).toBe(0);
  });

  test("renames where the file system has no links", async () => {
    const { ends, names, left } = await run("link");
    expect(ends).toEqual(["fail-fsync", "fail-none", "replace-fsync"]);
    expect(names).toEqual(["fail-fsync", "fail-none", "replace-fsync"]);
    expect(left).toBe(0);
  });
});

describe("several processes", () => {
  const PROCESSES = 6;

  test("commit the same name, and one wins", async () => {
    using folder = new TemporaryFolder();
    const children = Array.from({ length: PROCESSES }, (_, i) => {
      const command = [process.execPath, `${import.meta.dir}/race-fixture.ts`, folder.path, `${i}`];
      return Bun.spawn(command, { stdin: "pipe", stderr: "inherit" });
    });
    const readers = children.map((child) => child.stdout.getReader());
    for (const reader of readers) await reader.read();
    for (const child of children) void child.stdin.end();
    const ends = await Promise.all(readers.map(lastWord));
    const winner = ends.indexOf("won");
    expect(ends.toSorted()).toEqual([...Array(PROCESSES - 1).fill("ALREADY_EXISTS"), "won"]);
    expect(readFileSync(folder.at("file"), "utf8")).toBe(String(winner));
    const partials = [...new Glob("*").scanSync(folder.at(".leat/partial"))];
    expect(partials).toEqual([]);
  });
});

async function lastWord(reader: {
  read(): Promise<{ value?: Uint8Array | undefined; done: boolean }>;
}): Promise<string> {
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text.trim();
    text += new TextDecoder().decode(value);
  }
}
