/**
 * Group, mode and access control list of a new file are what its folder gives: those of `touch` there,
 * whichever way the file comes.
 */
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { type Client, connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { type AclEntry, aclOf, setDefaultAcl } from "../support/acl.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";

const GROUP = 4242;
const OTHER_GROUP = 4343;
const SMALL = Buffer.from("small");
const LONG = Buffer.alloc(3 * MiB, "leat");

/** Another user and another group may write, and no others read. */
const ACL: readonly AclEntry[] = [
  { tag: "owner", permissions: 7 },
  { tag: "user", permissions: 6, id: 1234 },
  { tag: "ownerGroup", permissions: 4 },
  { tag: "group", permissions: 6, id: GROUP },
  { tag: "mask", permissions: 7 },
  { tag: "other", permissions: 0 },
];

const isRoot = process.getuid?.() === 0;
const noGroups = isRoot ? undefined : "only root may give files to any group";
const noAcl = ((): string | undefined => {
  using folder = new TemporaryFolder();
  return setDefaultAcl(folder.path, ACL) ? undefined : "no access control lists here";
})();

/** Folders of each kind; the library itself is of the first. */
type Give = (folder: string) => void;

const setGroup =
  (group: number): Give =>
  (folder) => {
    chownSync(folder, 0, group);
    chmodSync(folder, 0o2770);
  };
const plain: Give = (folder) => {
  chownSync(folder, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  chmodSync(folder, 0o755);
};
const withAcl: Give = (folder) => expect(setDefaultAcl(folder, ACL)).toBe(true);

interface Attributes {
  readonly group: number;
  readonly mode: string;
  readonly acl: string | undefined;
}

function attributesOf(path: string): Attributes {
  const { gid, mode } = statSync(path);
  return { group: gid, mode: (mode & 0o7777).toString(8), acl: aclOf(path) };
}

/** What a new file, or a new folder, gets in this folder. */
function given(folder: string, command: "touch" | "mkdir"): Attributes {
  const path = `${folder}/given-${command}`;
  expect(Bun.spawnSync([command, path]).exitCode).toBe(0);
  return attributesOf(path);
}

const KINDS: readonly [string, string | undefined, Give, Give][] = [
  ["a group of its own", noGroups, plain, setGroup(GROUP)],
  ["another group than the library", noGroups, setGroup(OTHER_GROUP), setGroup(GROUP)],
  ["no group in a library with one", noGroups, setGroup(GROUP), plain],
  ["a default ACL", noAcl, plain, withAcl],
  [
    "a default ACL and a group",
    noGroups ?? noAcl,
    plain,
    (at) => (setGroup(GROUP)(at), withAcl(at)),
  ],
];

async function uploadAll(client: Client): Promise<void> {
  await client.put("folder/small", SMALL);
  await client.put("folder/small-replaced", SMALL, { ifExists: "replace" });
  await client.put("folder/long", LONG);
  await client.put("folder/long-replaced", LONG, { ifExists: "replace" });
  await client.put("folder/streamed", new Blob([LONG]).stream());
}

describe.each(KINDS)("a folder with %s", (_what, why, library, folder) => {
  const run = why === undefined ? test : test.skip;
  const named = (what: string): string => (why === undefined ? what : `${what} [${why}]`);

  run(named("gives it to uploads and to folders that are made"), async () => {
    using around = new TemporaryFolder();
    library(around.path);
    mkdirSync(around.at("folder"));
    folder(around.at("folder"));
    await using server = await startServer({ library: around.path });
    await using client = await connect(server.address);
    const file = given(around.at("folder"), "touch");
    await uploadAll(client);
    for (const name of readdirSync(around.at("folder"))) {
      expect({ name, ...attributesOf(around.at("folder", name)) }).toEqual({ name, ...file });
    }
    const made = given(around.at("folder"), "mkdir");
    await client.makeDirectory("folder/deep/er", { parents: true });
    expect(attributesOf(around.at("folder/deep"))).toEqual(made);
    await client.put("folder/deep/er/file", LONG);
    expect(attributesOf(around.at("folder/deep/er/file"))).toEqual(file);
  });

  run(named("gives it to downloads, alone and of a tree"), async () => {
    using served = new TemporaryFolder();
    using around = new TemporaryFolder();
    for (const name of ["tree/small", "tree/sub/small"]) served.file(name, SMALL);
    for (const name of ["tree/long", "tree/sub/long"]) served.file(name, LONG);
    // Downloads keep the mode as cp does: with one that takes nothing away, what the folder gives is left.
    for (const name of ["tree/small", "tree/sub/small", "tree/long", "tree/sub/long"]) {
      chmodSync(served.at(name), 0o666);
    }
    for (const name of ["tree", "tree/sub"]) chmodSync(served.at(name), 0o777);
    library(around.path);
    mkdirSync(around.at("folder"));
    folder(around.at("folder"));
    await using server = await startServer({ library: served.path });
    await using client = await connect(server.address);
    const file = given(around.at("folder"), "touch");
    await client.download("tree/small", around.at("folder/small"));
    await client.download("tree/long", around.at("folder/long"));
    await (await client.get("tree/long")).save(around.at("folder/saved"));
    for (const durability of ["fsync", "none"] as const) {
      const local = around.at("folder", durability);
      for await (const { error } of client.getTreeOutcomes("tree", local, { durability })) {
        expect(error).toBeUndefined();
      }
    }
    const trees = ["fsync", "none"].flatMap((tree) =>
      ["small", "long", "sub/small", "sub/long"].map((name) => `${tree}/${name}`),
    );
    for (const name of ["small", "long", "saved", ...trees]) {
      expect({ name, ...attributesOf(around.at("folder", name)) }).toEqual({ name, ...file });
    }
    const made = given(around.at("folder"), "mkdir");
    expect(attributesOf(around.at("folder/fsync/sub"))).toEqual(made);
  });
});

test.skipIf(noGroups !== undefined)(
  `a replaced file keeps its group${noGroups === undefined ? "" : ` [${noGroups}]`}`,
  async () => {
    using around = new TemporaryFolder();
    using served = new TemporaryFolder();
    for (const name of ["small", "long"]) {
      for (const folder of [around, served]) {
        chownSync(folder.file(name, "before"), 0, GROUP);
        chmodSync(folder.at(name), 0o640);
      }
    }
    await using server = await startServer({ library: served.path });
    await using client = await connect(server.address);
    await client.put("small", SMALL, { ifExists: "replace" });
    await client.put("long", LONG, { ifExists: "replace" });
    for (const name of ["small", "long"]) {
      await client.download(name, around.at(name));
      for (const folder of [around, served]) {
        expect(attributesOf(folder.at(name))).toMatchObject({ group: GROUP, mode: "640" });
      }
    }
  },
);

const noFault = noGroups ?? noStrace();

test.skipIf(noFault !== undefined)(
  `a group is given where no file can be made without a name${noFault === undefined ? "" : ` [${noFault}]`}`,
  async () => {
    using around = new TemporaryFolder();
    mkdirSync(around.at("folder"));
    setGroup(GROUP)(around.at("folder"));
    const expected = given(around.at("folder"), "touch");
    // On the folder itself only such files are opened.
    const how = ["-qq", "-o", "/dev/null", "-P", around.at("folder")];
    const fault = "inject=openat:error=EOPNOTSUPP";
    await using server = await StracedServer.start(around.path, [...how, "-e", fault]);
    await using client = await connect(server.address);
    await uploadAll(client);
    for (const name of readdirSync(around.at("folder"))) {
      expect({ name, ...attributesOf(around.at("folder", name)) }).toEqual({ name, ...expected });
    }
  },
);
