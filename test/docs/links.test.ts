/** Every link from a document to a file or a heading leads somewhere. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DOCS } from "./document.ts";

const ROOT = join(DOCS, "..");
const documents = ["*.md", "{docs,examples,proto,test}/**/*.md", "bench/peers/*.md"].flatMap(
  (pattern) =>
    [...new Bun.Glob(pattern).scanSync(ROOT)].filter((path) => !path.includes("docs/api/")),
);

test.each(documents)("links in %s lead somewhere", (path) => {
  const prose = readFileSync(join(ROOT, path), "utf8").replaceAll(/```[^]*?```/g, "");
  for (const [, link] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (link!.includes("://")) continue;
    const [file, anchor] = link!.split("#");
    const target = file === "" ? join(ROOT, path) : join(ROOT, dirname(path), file!);
    expect([link, existsSync(target)]).toEqual([link, true]);
    if (anchor !== undefined) expect(anchorsOf(target)).toContain(anchor);
  }
});

/** As the usual viewers make them of headings. */
const anchorsOf = (path: string): string[] =>
  [...readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
