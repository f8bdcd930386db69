/** Patterns of which the server leaves out what matches: the same as where the client does that, with less to send. */
import { describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../src/index.ts";
import { makeFilter } from "../../src/client/trees/filter.ts";
import { LEAVE_OUT_BYTES, LEAVE_OUT_MOST } from "../../src/limits.ts";
import { LeftOut } from "../../src/transfer/left-out.ts";
import { seededRandom } from "../support/chop.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";

const { below } = seededRandom(2311);
const pick = <T>(all: readonly T[]): T => all[below(all.length)]!;

const PARTS = [
  "a",
  "b",
  ".",
  ".tmp",
  "node_modules",
  "ü",
  "{x}",
  "(",
  "+",
  "$",
  "^",
  "-",
  "!",
  "#",
  "😀",
];
const text = (): string => Array.from({ length: 1 + below(3) }, () => pick(PARTS)).join("");
const pattern = (): string => pick(["", "/"]) + pick(["", "*"]) + text() + pick(["", "", "/"]);

test("a server leaves out nothing that .gitignore would not, and all of it where it can", async () => {
  let matched = 0;
  for (let round = 0; round < 400; round += 1) {
    const patterns = Array.from({ length: 1 + below(4) }, pattern);
    const filter = await makeFilter({ exclude: patterns });
    if (filter === undefined) continue; // only comments
    const left = new LeftOut(filter.leaveOut);
    for (let times = 0; times < 20; times += 1) {
      const name = below(3) === 0 ? pick(patterns).replace(/[*/]/g, "") || "a" : text();
      if (name === "." || name === "..") continue;
      const [isFolder, isFirst] = [below(2) === 0, below(2) === 0];
      const excludes = filter.excludes(isFirst ? name : `zz/${name}`, isFolder);
      const isLeft = left.has(name, isFolder, isFirst);
      if (isLeft) matched += 1;
      const seen = { patterns, name, isFolder, isFirst, isLeft };
      if (isLeft || filter.isLeftOut)
        expect({ ...seen, excludes }).toEqual({ ...seen, excludes: isLeft });
    }
  }
  expect(matched).toBeGreaterThan(300);
});

test("patterns of other forms, and what includes something, are left to the client", async () => {
  const of = async (exclude: string[], include: string[] = []) => {
    const { leaveOut, isLeftOut } = (await makeFilter({ exclude, include }))!;
    return [leaveOut, isLeftOut];
  };
  expect(await of(["a", "*.b", "/c/", "# no", ""])).toEqual([["a", "*.b", "/c/"], true]);
  expect(await of(["a", "b/c", "d*", "[e]", "f ", "**", "\\g"])).toEqual([["a"], false]);
  expect(await of(["a"], ["b"])).toEqual([[], false]);
  expect(await of(["a", "!b"])).toEqual([[], false]);
  const many = Array.from({ length: LEAVE_OUT_MOST + 1 }, (_, index) => `${index}`);
  expect(await of(many)).toEqual([many.slice(0, -1), false]);
  expect(await of(["a", "b".repeat(LEAVE_OUT_BYTES)])).toEqual([["a"], false]);
});

/** Names and contents of everything. */
function picture(root: string, at = ""): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of readdirSync(join(root, at)).toSorted()) {
    const place = join(at, name);
    const stats = lstatSync(join(root, place));
    if (stats.isDirectory()) Object.assign(seen, { [place]: "folder" }, picture(root, place));
    else seen[place] = stats.isSymbolicLink() ? "link" : readFileSync(join(root, place), "utf8");
  }
  return seen;
}

function plant(folder: TemporaryFolder, root: string): void {
  for (const at of ["", "deep/", "deep/er/"]) {
    for (const name of ["keep", "x.tmp", "node_modules/in/side", "build/out", "both/f", "own"]) {
      folder.file(`${root}/${at}${name}`, `${at}${name}`);
    }
  }
  folder.file(`${root}/file/build`, "a file of that name");
  symlinkSync("keep", folder.at(root, "link.tmp"));
  symlinkSync("deep", folder.at(root, "node"));
}

describe.each<[string, readonly string[]]>([
  ["patterns that the server takes", ["node_modules", "*.tmp", "build/", "/both", "node/"]],
  ["others among them", ["node_modules/", "deep/er/keep", "o?n", "*.tmp"]],
  ["exceptions", ["node_modules", "*.tmp", "!x.tmp"]],
])("with %s,", (_, exclude) => {
  test("trees and syncs bring what they would bring by themselves", async () => {
    using library = new TemporaryFolder();
    using here = new TemporaryFolder();
    plant(library, "t");
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    // What includes nothing keeps the client from asking the server to leave something out.
    const alone = { exclude, include: ["/none-of-this-name"] };
    await client.getTree("t", here.at("alone"), alone);
    await client.getTree("t", here.at("together"), { exclude });
    expect(picture(here.at("together"))).toEqual(picture(here.at("alone")));
    expect(Object.keys(picture(here.at("alone")))).not.toContain("node_modules");

    // Targets with things of these names, and of other kinds.
    for (const name of ["one", "other"]) {
      here.file(`${name}/build`, "a file");
      here.file(`${name}/deep/node_modules`, "a file");
      here.file(`${name}/both/mine`);
      here.file(`${name}/deep/gone/y.tmp`);
      here.file(`${name}/deep/gone/z`);
    }
    const options = { durability: "none", delete: true } as const;
    // One after the other: the process of a client may have room for one walk.
    const sync = async (to: string, more: Parameters<typeof client.syncDown>[2]) => {
      const [{ status }] = await Promise.allSettled([
        client.syncDown("t", here.at(to), { ...options, ...more }),
      ]);
      return status;
    };
    const ends = [await sync("one", alone), await sync("other", { exclude })];
    expect(ends[1]).toBe(ends[0]);
    expect(picture(here.at("other"))).toEqual(picture(here.at("one")));
  });
});
