/** Links that are followed: each brings what it leads to, both ways, and each that cannot be followed is named. */
import { describe, expect, test } from "bun:test";
import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { connect, TreeError } from "../../src/index.ts";
import type { Client, LinksOption, TreeSummary } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";

type Move = (client: Client, from: string, to: string) => Promise<TreeSummary>;

const FOLLOW: LinksOption = { links: "follow" };
const WAYS: readonly [name: string, up: Move, down: Move][] = [
  [
    "a tree",
    (client, ...ends) => client.putTree(...ends, { ...FOLLOW, ifExists: "replace" }),
    (client, ...ends) => client.getTree(...ends, FOLLOW),
  ],
  [
    "a tree with a filter",
    (client, ...ends) =>
      client.putTree(...ends, { ...FOLLOW, ifExists: "replace", exclude: ["none"] }),
    (client, ...ends) => client.getTree(...ends, { ...FOLLOW, exclude: ["none"] }),
  ],
  [
    "a sync",
    (client, ...ends) => client.syncUp(...ends, { ...FOLLOW, delete: true }),
    (client, ...ends) => client.syncDown(...ends, { ...FOLLOW, delete: true }),
  ],
  [
    "a sync with a filter",
    (client, ...ends) => client.syncUp(...ends, { ...FOLLOW, exclude: ["none"] }),
    (client, ...ends) => client.syncDown(...ends, { ...FOLLOW, exclude: ["none"] }),
  ],
];

/** A tree `t`, and `o` beside it. */
function plant(folder: TemporaryFolder): void {
  folder.file("t/a", "a");
  folder.file("t/d/e/b", "b");
  folder.file("t/x/c", "c");
  folder.file("t/x/large", new Uint8Array(200_000).fill(3));
  folder.file("o/small", "o");
  folder.file("o/in/deep", "deep");
  const links: Record<string, string> = {
    "t/d/folder": "../x",
    "t/d/again": "folder",
    "t/file": "a",
    "t/of-link": "file",
    "t/absolute": folder.at("o"),
    "t/x/zig": "../d/../a",
    "t/z-out": "../o/small",
    // Back to a folder that they are in, or to themselves.
    "t/here": ".",
    "t/d/e/up": "..",
    "t/d/e/to-x": "../../x",
    "t/x/to-e": "../d/e",
    "t/self": "self",
    // To nothing, and to what is never opened.
    "t/d/nowhere": "gone",
    "t/x/null": "/dev/null",
  };
  for (const [path, target] of Object.entries(links)) symlinkSync(target, folder.at(path));
}

/** What is in a folder, by the plainest means. @param within links do not lead out of it, and are not absolute */
function followed(root: string, within?: string) {
  const seen: Record<string, string> = {};
  const failed: string[] = [];
  const look = (place: string, way: readonly string[]): void => {
    for (const name of readdirSync(join(root, place))) {
      const at = join(place, name);
      const path = join(root, at);
      try {
        const isLink = lstatSync(path).isSymbolicLink();
        const real = realpathSync(path);
        const isOut = within !== undefined && !real.startsWith(`${within}/`);
        if (isLink && (isOut || (within !== undefined && isAbsolute(readlinkSync(path))))) {
          failed.push(at);
          continue;
        }
        const stats = statSync(path);
        if (stats.isFile()) seen[at] = `${Bun.hash(readFileSync(path))} ${stats.mtimeMs}`;
        else if (stats.isDirectory() && !(isLink && way.includes(real))) {
          seen[at] = "folder";
          look(at, [...way, real]);
        } else if (stats.isDirectory()) failed.push(at);
      } catch {
        failed.push(at);
      }
    }
  };
  look("", [realpathSync(root)]);
  return { seen, failed: failed.toSorted() };
}

/** The names of what failed, relative to the root. */
async function failures(moving: Promise<unknown>, root: string): Promise<string[]> {
  const error = await moving.then(
    () => new Error("nothing failed"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TreeError)) throw error;
  return error.failures.map(({ path }) => path.slice(root.length + 1)).toSorted();
}

describe.each(WAYS)("%s", (_, up, down) => {
  test("brings up what links lead to, anywhere on this machine", async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    plant(here);
    const wanted = followed(here.at("t"));
    expect(Object.keys(wanted.seen)).toContain("absolute/in/deep");
    expect(wanted.failed).toContain("d/e/to-x/to-e");
    await using server = await startServer({ library: library.path, durability: "none" });
    await using client = await connect(server.address);
    for (let times = 0; times < 2; times += 1) {
      expect(await failures(up(client, here.at("t"), "t"), "t")).toEqual(wanted.failed);
      expect(followed(library.at("t"))).toEqual({ seen: wanted.seen, failed: [] });
    }
    expect(lstatSync(library.at("t/d/folder")).mtimeMs).toBe(statSync(here.at("t/x")).mtimeMs);
  });

  test("brings down what links lead to in the library", async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    plant(library);
    const wanted = followed(library.at("t"), realpathSync(library.path));
    expect(Object.keys(wanted.seen)).toContain("z-out");
    expect(wanted.failed).toContain("absolute");
    await using server = await startServer({ library: library.path, durability: "none" });
    await using client = await connect(server.address);
    for (let times = 0; times < 2; times += 1) {
      expect(await failures(down(client, "t", here.at("t")), "t")).toEqual(wanted.failed);
      expect(followed(here.at("t"))).toEqual({ seen: wanted.seen, failed: [] });
    }
  });
});
