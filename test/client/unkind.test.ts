/** A tree of unkind entries goes up and comes down as it is, and what cannot be carried is named. */
import { expect, test } from "bun:test";
import { chmodSync, chownSync, lstatSync, mkdirSync } from "node:fs";
import { connect, TreeError } from "../../src/index.ts";
import type { TreeSummary } from "../../src/index.ts";
import { PACKAGE, run } from "../cli/support.ts";
import { seededRandom } from "../support/chop.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { LONG } from "../support/ways.ts";
import { plantUnkind, unkindPicture } from "./unkind-tree.ts";

const ENTRIES = LONG ? 20_000 : 400;

/** What the library has, and what the client has got back, are compared as lists: a map of many is hard to read. */
const listOf = (root: string): string[] =>
  [...unkindPicture(root)].map(([name, what]) => `${name} ${what}`).toSorted();

/** The codes of what failed, and the rest of the outcome. */
async function partly(moving: Promise<TreeSummary>): Promise<[TreeSummary, string[]]> {
  try {
    return [await moving, []];
  } catch (thrown) {
    if (!(thrown instanceof TreeError)) throw thrown;
    return [thrown.summary, [...new Set(thrown.failures.map(({ error }) => error!.code))]];
  }
}

test.each(["none", "fsync"] as const)(
  "a tree of unkind entries goes up and comes down as it is, with %s",
  async (durability) => {
    const random = seededRandom(durability === "none" ? 40 : 41);
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    const planted = plantUnkind(here.at("t"), random, ENTRIES);
    expect(planted.entries).toBeGreaterThanOrEqual(ENTRIES);
    const wanted = listOf(here.at("t"));
    const carried = wanted.length + 1; // and the root
    await using server = await startServer({ library: library.path, durability });
    // The process of a client may have few files open, and a tree of many links asks for more.
    await using client = await connect(server.address, { retry: 60_000 });

    const [up, upCodes] = await partly(client.putTree(here.at("t"), "t"));
    expect(listOf(library.at("t"))).toEqual(wanted);
    expect(lstatSync(library.at("t"), { bigint: true }).mtimeNs).toBe(
      lstatSync(here.at("t"), { bigint: true }).mtimeNs,
    );
    expect(upCodes).toEqual(["INVALID_NAME"]);
    expect([up.files + up.folders, up.links, up.others]).toEqual([
      carried,
      planted.out,
      planted.pipes,
    ]);

    const down = await client.getTree("t", here.at("back"), { durability });
    expect(listOf(here.at("back"))).toEqual(wanted);
    expect([down.files + down.folders, down.links, down.others]).toEqual([carried, 0, 0]);

    // A sync finds nothing to do, in either direction; and makes the same of nothing.
    const [again, againCodes] = await partly(client.syncUp(here.at("t"), "t"));
    expect([again.files, again.folders, againCodes]).toEqual([0, 0, ["INVALID_NAME"]]);
    expect((await client.syncDown("t", here.at("back"), { durability })).files).toBe(0);
    await client.syncDown("t", here.at("synced"), { durability });
    expect(listOf(here.at("synced"))).toEqual(wanted);
    await partly(client.syncUp(here.at("t"), "synced"));
    expect(listOf(library.at("synced"))).toEqual(wanted);
  },
  LONG ? 600_000 : undefined,
);

const NOBODY = 65_534;
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups", "bun"];
const canBeNobody =
  process.getuid?.() === 0 &&
  Bun.which("setpriv") !== null &&
  Bun.spawnSync([...AS_NOBODY, `${PACKAGE}/src/cli/main.ts`, "--version"]).success;

test.skipIf(!canBeNobody)(
  "what cannot be read, or sent, is named, and the exit code says so",
  async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    chmodSync(here.path, 0o755);
    here.file("t/good", "good");
    here.file("t/secret", "secret");
    chmodSync(here.at("t/secret"), 0o600);
    mkdirSync(here.at("t/shut"), { mode: 0o700 });
    here.file("t/new\nline", "never sent");
    chownSync(here.at("t/good"), NOBODY, NOBODY);
    await using server = await startServer({ library: library.path });
    const nobody = (...args: readonly string[]) =>
      run([
        ...AS_NOBODY,
        `${PACKAGE}/src/cli/main.ts`,
        "client",
        "--server",
        server.address,
        ...args,
      ]);
    for (const args of [
      ["upload", "-r", here.at("t"), "-o", "up"],
      ["sync", here.at("t"), ":sync"],
    ]) {
      const { code, stderr } = await nobody(...args);
      expect([args[0], code, stderr]).toEqual([args[0], 3, expect.any(String)]);
      for (const what of ["secret", "shut", "PERMISSION_DENIED", "INVALID_NAME"]) {
        expect(stderr).toContain(what);
      }
    }
    expect(listOf(library.at("up")).map((line) => line.split(" ")[0])).toEqual(["good", "shut"]);
    expect(listOf(library.at("sync")).map((line) => line.split(" ")[0])).toContain("good");
  },
);
