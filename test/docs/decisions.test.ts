/** docs/decisions is numbered without a gap, its index lists every entry, and every reference leads to one. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DOCS, readDocument } from "./document.ts";

const ROOT = join(DOCS, "..");
const files = readdirSync(join(DOCS, "decisions"))
  .filter((name) => name !== "README.md")
  .toSorted();
const index = readDocument("decisions/README.md");

test("entries are numbered 0001, 0002, … without a gap, in the file name and in the heading", () => {
  for (const [at, name] of files.entries()) {
    const number = String(at + 1).padStart(4, "0");
    expect(name).toMatch(new RegExp(`^${number}-[a-z-]+\\.md$`));
    expect(readDocument(`decisions/${name}`)).toStartWith(`# ${at + 1}. `);
  }
});

test("the index has one line for each entry: number, name, and a sentence", () => {
  const lines = index.split("\n").filter((line) => /^\d+\. /.test(line));
  const names = files.map((name) => {
    const [, heading] = /^# (.*)$/m.exec(readDocument(`decisions/${name}`))!;
    return heading!.replace(/^(\d+\. )(.*)$/, `$1[$2](${name}): `);
  });
  expect(lines.map((line) => line.slice(0, line.indexOf("): ") + 3))).toEqual(names);
  for (const line of lines) expect(line).toMatch(/\): .{20,}\.$/);
});

const WRITTEN = "{src,docs,test,bench,examples,scripts,proto}/**/*.{ts,md,proto,py}";

test("every decision that is mentioned anywhere exists", async () => {
  const paths = [...new Bun.Glob(WRITTEN).scanSync(ROOT), ...new Bun.Glob("*.md").scanSync(ROOT)];
  let mentioned = 0;
  for (const path of paths) {
    const text = await Bun.file(join(ROOT, path)).text();
    for (const [, number] of text.matchAll(/\b(?:decision |decisions\/0*)(\d+)\b/gi)) {
      expect([path, number, files.length >= Number(number)]).toEqual([path, number, true]);
      mentioned += 1;
    }
    if (!path.endsWith(".md")) continue;
    for (const [, link] of text.matchAll(/\]\(((?:[\w./-]*\/)?\d{4}-[\w-]+\.md)/g)) {
      expect([path, link, existsSync(join(ROOT, dirname(path), link!))]).toEqual([
        path,
        link,
        true,
      ]);
    }
    for (const [, number, to] of text.matchAll(/\[decision (\d+)\]\([^)]*?(\d{4})-/gi)) {
      expect([path, Number(to)]).toEqual([path, Number(number)]);
    }
  }
  expect(mentioned).toBeGreaterThan(10);
});
