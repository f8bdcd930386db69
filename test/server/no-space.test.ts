/** A disk that is full, or nearly: whatever does not fit leaves nothing on it, and nothing open. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { DiskStore } from "../../src/store/disk/disk.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { Mounted, noMount } from "../support/mounted.ts";
import { refusal } from "../support/refusal.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { until } from "../support/until.ts";

const why = noMount();
const LONG = Buffer.alloc(8 * MiB, "leat");
const TIMES = 20;

/** A disk with little room, or none. */
function smallDisk(free: number, options = "size=2m"): Mounted {
  const disk = new Mounted("tmpfs", options);
  const room = statfsSync(disk.path).bavail * 4096;
  writeFileSync(disk.at("fill"), new Uint8Array(Math.max(0, room - free)));
  return disk;
}

const suite = why === undefined ? "where a disk" : `where a disk [${why}]`;

describe.skipIf(why !== undefined).each([
  ["has some room", 1.5 * MiB, "size=2m"],
  ["has room for notes alone", 4096, "size=2m"],
  ["is full", 0, "size=2m"],
  ["has no room for one more file", 1.5 * MiB, "size=2m,nr_inodes=3"],
])(`${suite} %s`, (_what, free, options) => {
  test("downloads that do not fit leave nothing, and nothing open", async () => {
    using library = new TemporaryFolder();
    library.file("tree/long", LONG);
    library.file("tree/sub/long", LONG);
    using disk = smallDisk(free, options);
    await using server = await startServer({ library: library.path });
    await using client = await connect(server.address);
    for (let i = 0; i < TIMES; i += 1) {
      const refused = await refusal(client.download("tree/long", disk.at("long")));
      expect(refused.code).toBe("NO_SPACE");
    }
    await refusal((await client.get("tree/long")).save(disk.at("saved")));
    expect(readdirSync(disk.path)).toEqual(["fill"]);
    expect(openUnder(disk.path)).toEqual([]);
    const codes: (string | undefined)[] = [];
    try {
      for await (const { error } of client.getTreeOutcomes("tree", disk.at("tree")))
        codes.push(error?.code);
    } catch {
      codes.push("NO_SPACE"); // no room for the folder
    }
    expect(codes).toContain("NO_SPACE");
    const files = readdirSync(disk.path, { recursive: true, withFileTypes: true });
    expect(files.filter((one) => one.isFile()).map(({ name }) => name)).toEqual(["fill"]);
    expect(openUnder(disk.path)).toEqual([]);
  });

  test("uploads that do not fit leave nothing, and nothing open", async () => {
    using disk = smallDisk(free, options);
    await using server = await startServer({ library: disk.path });
    await using client = await connect(server.address);
    const partials = (): string[] => {
      try {
        return readdirSync(disk.at(PARTIALS));
      } catch {
        return []; // no room for the folder
      }
    };
    for (let i = 0; i < TIMES; i += 1) {
      expect((await refusal(client.put(`long${i}`, LONG))).code).toBe("NO_SPACE");
      const stream = new Blob([LONG]).stream();
      expect((await refusal(client.put(`stream${i}`, stream))).code).toBe("NO_SPACE");
    }
    await until(() => partials().length === 0, partials);
    expect(readdirSync(disk.path).filter((name) => name !== ".leat")).toEqual(["fill"]);
    // The library, its own folders and what says which tries there are stay open; no file of an upload.
    const held = openUnder(disk.path).filter((path) => /#|partial\/|receipts\/\d/.test(path));
    expect(held).toEqual([]);
  });
});

describe.skipIf(why !== undefined)(`${suite} is full, a user with a quota`, () => {
  const options = {
    part: { path: "root", followsLinks: true, home: "alice" },
    quota: { bytes: MiB, run: "run" },
  };

  test.each([
    ["is refused", undefined],
    ["is refused where a hole stands in place of the figures", 64],
  ])("%s, and the process goes on", async (_what, hole) => {
    using disk = smallDisk(0);
    mkdirSync(disk.at("root"));
    if (hole !== undefined) {
      mkdirSync(disk.at(USAGE), { recursive: true });
      writeFileSync(disk.at(USAGE, "usage"), "");
      truncateSync(disk.at(USAGE, "usage"), hole);
    }
    await using store = DiskStore.open(disk.path, options);
    const made = (async () => await store.makeDirectory("d", false, "none"))();
    expect((await refusal(made)).message).toMatch(/no space/);
    rmSync(disk.at("fill"));
    await store.makeDirectory("d", false, "none");
    expect(store.freeBytes()).toBe(MiB);
  });
});

/** The folder of the figures of a quota. */
const USAGE = ".leat/users/alice/quota";
