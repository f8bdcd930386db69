/** What a file system cannot do besides keeping bytes costs no file: it is said what was not done. */
import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { crc32 } from "node:zlib";
import { connect, type Client } from "../../src/index.ts";
import { MiB, WRITE_BEHIND } from "../../src/limits.ts";
import { client as command, CLIENT_ALONE, run, type Ran } from "../cli/support.ts";
import { refusal } from "../support/refusal.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";

const straceless = noStrace();
const BYTES = Buffer.alloc(3 * MiB, "leat");
const SMALL = BYTES.subarray(0, 10);
const LONG_AGO = new Date("2001-02-03T04:05:06Z");

/** @param faults as strace's `inject` */
const strace = (faults: readonly string[], ...only: readonly string[]): string[] => [
  "-qq",
  "-o",
  "/dev/null",
  ...only,
  ...faults.flatMap((fault) => ["-e", `inject=${fault}`]),
];

async function withServer(
  faults: readonly string[],
  use: (client: Client, library: TemporaryFolder, address: string) => Promise<void>,
  only: (library: string) => readonly string[] = () => [],
): Promise<void> {
  using folder = new TemporaryFolder();
  const how = strace(faults, ...only(folder.path));
  await using server = await StracedServer.start(folder.path, how);
  await using client = await connect(server.address);
  await use(client, folder, server.address);
}

/** The command line under strace. */
const straced = (faults: readonly string[], server: string, ...words: string[]): Promise<Ran> =>
  run([
    "strace",
    "-f",
    ...strace(faults),
    "--",
    ...CLIENT_ALONE,
    "client",
    "--server",
    server,
    ...words,
  ]);

const nothingLeft = (folder: TemporaryFolder): void =>
  expect(readdirSync(folder.at(PARTIALS))).toEqual([]);

const suite = straceless === undefined ? "a library" : `a library [${straceless}]`;

describe.skipIf(straceless !== undefined)(suite, () => {
  test.each(["EPERM", "EOPNOTSUPP", "EINVAL", "ENOSYS"])(
    "whose times answer %s keeps the contents, and the receipt says so",
    (errno) =>
      withServer([`utimensat:error=${errno}`], async (client, library) => {
        for (const [name, bytes] of [
          ["long", BYTES],
          ["small", SMALL],
        ] as const) {
          const receipt = await client.put(name, bytes, { modified: LONG_AGO });
          expect(receipt.durability).toBe("fsync");
          expect(receipt.notDone).toEqual({ mode: false, modified: true, sync: false });
          expect(receipt.entry.modified?.seconds).toBeGreaterThan(LONG_AGO.getTime() / 1000);
          expect(readFileSync(library.at(name)).equals(bytes)).toBe(true);
        }
        nothingLeft(library);
      }),
  );

  test.each(["EPERM", "EOPNOTSUPP"])(
    "whose modes answer %s keeps the contents of what replaces a file",
    (errno) =>
      withServer([`fchmod:error=${errno}`], async (client, library) => {
        chmodSync(library.file("file", "before"), 0o666);
        const receipt = await client.put("file", BYTES, { ifExists: "replace" });
        expect(receipt.notDone).toEqual({ mode: true, modified: false, sync: false });
        expect(readFileSync(library.at("file")).equals(BYTES)).toBe(true);
      }),
  );

  test("whose modes cannot be set opens no file to more users than before", () =>
    withServer(["fchmod:error=EPERM"], async (client, library) => {
      chmodSync(library.file("private", "before"), 0o600);
      const refused = await refusal(client.put("private", BYTES, { ifExists: "replace" }));
      expect(refused.code).toBe("PERMISSION_DENIED");
      expect(readFileSync(library.at("private"), "utf8")).toBe("before");
      nothingLeft(library);
    }));

  test("whose disk fails when a time is set refuses, as ever", () =>
    withServer(["utimensat:error=EIO"], async (client, library) => {
      const refused = await refusal(client.put("file", BYTES, { modified: LONG_AGO }));
      expect(refused.code).toBe("IO_ERROR");
      expect(readdirSync(library.path)).toEqual([".leat"]);
    }));

  test.each([
    ["folders answer EINVAL", "fsync:error=EINVAL", true],
    ["folders answer EOPNOTSUPP", "fsync:error=EOPNOTSUPP", true],
    ["files answer EINVAL, too", "fsync,fdatasync,syncfs:error=EINVAL", false],
  ])("whose syncs of %s takes uploads, and no receipt says that they are on disk", (...given) =>
    withServer(
      [given[1]],
      async (client, library, address) => {
        const long = Buffer.alloc(WRITE_BEHIND + MiB, "leat");
        for (const [name, bytes] of [
          ["long", long],
          ["small", SMALL],
        ] as const) {
          const receipt = await client.put(`in/${name}`, bytes);
          expect(receipt).toMatchObject({ durability: "none", notDone: { sync: true } });
          expect(readFileSync(library.at("in", name)).equals(bytes)).toBe(true);
        }
        nothingLeft(library);
        await client.close();
        const { stderr } = await command(address, ["upload", "package.json", "--to", "in/package"]);
        expect(stderr).toContain("cannot sync it (a power cut may undo it)");
      },
      (library) => {
        Bun.spawnSync(["mkdir", `${library}/in`]);
        return given[2] ? ["-P", `${library}/in`] : [];
      },
    ),
  );

  test.each([
    ["syncs", "fsync:error=EINVAL", { durability: "DURABILITY_NONE", notSynced: true }],
    ["times", "utimensat:error=EPERM", { durability: "DURABILITY_FSYNC", modifiedNotSet: true }],
  ] as const)("whose %s cannot be had tells a client that asks again the same", (...given) =>
    withServer([given[1]], async (client, library, address) => {
      await client.close();
      const uploadId = Buffer.alloc(16, 7);
      for (const resume of [false, true]) {
        using peer = await RawPeer.welcomed(Number(address.split(":").at(-1)));
        const modified = { seconds: 1, nanoseconds: 0 };
        const value = { path: "file", uploadId, size: SMALL.length, modified, resume };
        peer.request(1, { case: "put", value });
        if (!resume) {
          peer.data(1, 0, SMALL, crc32(SMALL));
          peer.frame(1, { case: "finish", value: { size: SMALL.length, crc32: crc32(SMALL) } });
        }
        let body = await peer.body(1);
        while (body.case !== "receipt") body = await peer.body(1);
        expect(body.value).toMatchObject(given[2]);
      }
      nothingLeft(library);
    }),
  );

  test("is told of by the command line, in words and as JSON", () =>
    withServer(["utimensat:error=EPERM"], async (client, library, address) => {
      await client.close();
      using here = new TemporaryFolder();
      utimesSync(here.file("tree/file", SMALL), LONG_AGO, LONG_AGO);
      const upload = (...words: string[]): Promise<Ran> => command(address, ["upload", ...words]);
      const said = await upload(here.at("tree/file"), "--to", "one");
      expect(said.stderr).toContain("the file system it came to cannot set its modified time\n");
      const json = await upload(here.at("tree/file"), "--to", "two", "--json");
      expect(JSON.parse(json.stdout)).toMatchObject({ durability: "fsync", notDone: ["modified"] });
      const tree = await upload("-r", here.at("tree"), "--to", "tree");
      expect(tree.stderr).toMatch(
        /1 file, 1 folder came to a file system or server that cannot set its modified time/,
      );
      expect([said.code, json.code, tree.code]).toEqual([0, 0, 0]);
      expect(readFileSync(library.at("tree/file")).equals(SMALL)).toBe(true);
    }));
});

describe.skipIf(straceless !== undefined)(suite.replace("library", "local folder"), () => {
  test.each([
    ["times", "utimensat:error=EPERM", ["modified"], /cannot set its modified time\n/],
    ["modes", "fchmod:error=EOPNOTSUPP", ["mode"], /cannot set its mode\n/],
    ["syncs", "fsync:error=EINVAL", ["sync"], /cannot sync it/],
  ])("without %s takes downloads, and the command line says so", async (...given) => {
    const [, fault, notDone, words] = given;
    using library = new TemporaryFolder();
    using here = new TemporaryFolder();
    utimesSync(library.file("tree/long", BYTES), LONG_AGO, LONG_AGO);
    utimesSync(library.file("tree/small", SMALL), LONG_AGO, LONG_AGO);
    await using server = await startServer({ library: library.path });
    const get = (...more: string[]): Promise<Ran> =>
      straced([fault], server.address, "get", ...more);
    const said = await get("tree/long", "-o", here.at("one"));
    expect(said.stderr).toMatch(words);
    const json = await get("tree/long", "-o", here.at("two"), "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ notDone });
    const tree = await get("-r", "tree", "-o", here.at("tree"), "--json");
    expect(tree.stdout.trim().split("\n").length).toBe(2);
    const none = await get("-r", "tree", "-o", here.at("none"), "--durability", "none");
    expect([said.code, json.code, tree.code, none.code]).toEqual([0, 0, 0, 0]);
    for (const name of ["one", "two", "tree/long", "none/long"]) {
      expect(readFileSync(here.at(name)).equals(BYTES)).toBe(true);
    }
    expect(readFileSync(here.at("tree/small")).equals(SMALL)).toBe(true);
    expect(readdirSync(here.path).toSorted()).toEqual(["none", "one", "tree", "two"]);
    expect(statSync(here.at("one")).size).toBe(BYTES.length);
  });
});
