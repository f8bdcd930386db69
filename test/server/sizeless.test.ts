/** Served files that say they have no bytes, and have some: those of /proc. Linux. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { type Client, connect, type Server } from "../../src/index.ts";
import { UNSIZED_BUDGET, UNSIZED_FILE } from "../../src/limits.ts";
import { client as command } from "../cli/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";

const here = existsSync("/proc/version") ? describe : describe.skip;

const sha256 = (bytes: Uint8Array): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

here("a library of files that say they have no bytes", () => {
  let server: Server;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ library: "/proc", readOnly: true });
    client = await connect(server.address);
  });
  afterAll(async () => {
    await client.close();
    await server.stop({ drain: 0 });
  });

  test.each(["version", "filesystems", "sys/fs/inotify/max_user_watches", "kallsyms"])(
    "gives %s as it is read, and its checksum",
    async (path) => {
      const local = `/proc/${path}`;
      if (!existsSync(local)) return;
      const bytes = readFileSync(local);
      if (bytes.length > UNSIZED_FILE) {
        expect((await refusal(client.get(path))).code).toBe("TOO_LARGE");
        return;
      }
      expect(statSync(local).size).toBe(0);
      const download = await client.get(path, { sha256: true });
      expect(download.entry.size).toBe(bytes.length);
      expect(sha256(await download.bytes())).toBe(sha256(bytes));
      const sum = await client.checksum(path);
      expect(Buffer.from(sum.digest).toString("hex")).toBe(sha256(bytes));
      expect(sum.entry).toMatchObject({ size: bytes.length, version: download.entry.version });
      const part = await client.get(path, { offset: 3, length: 5 });
      expect(Buffer.from(await part.bytes()).equals(bytes.subarray(3, 8))).toBe(true);
    },
  );

  test("has another version where there is something else in it", async () => {
    const ofSelf = async (): Promise<string> => (await client.get("uptime")).entry.version;
    const first = await ofSelf();
    await Bun.sleep(20); // its clock has hundredths of a second
    const { code } = await refusal(client.get("uptime", { offset: 1, ifMatch: first }));
    expect(code).toBe("PRECONDITION_FAILED");
  });

  test("refuses what cannot be read, in place of sending nothing", async () => {
    expect((await refusal(client.get("self/mem"))).code).toBe("IO_ERROR");
    expect((await refusal(client.checksum("self/mem"))).code).toBe("IO_ERROR");
    expect((await client.stat("version")).size).toBe(0);
  });
});

here("a library of files that say they have no bytes", () => {
  test("gives them by the command line, alone and in a tree", async () => {
    await using server = await startServer({ library: "/proc", readOnly: true });
    using folder = new TemporaryFolder();
    const one = await command(server.address, ["get", "version", "-o", folder.at("version")]);
    const tree = await command(server.address, [
      "get",
      "-r",
      "sys/fs/inotify",
      "-o",
      folder.at("tree"),
    ]);
    expect([one.code, tree.code, tree.stderr]).toEqual([0, 0, ""]);
    expect(readFileSync(folder.at("version"), "utf8")).toBe(readFileSync("/proc/version", "utf8"));
    for (const name of ["max_user_instances", "max_user_watches"]) {
      const expected = readFileSync(`/proc/sys/fs/inotify/${name}`, "utf8");
      expect(readFileSync(folder.at("tree", name), "utf8")).toBe(expected);
    }
    const sum = await command(server.address, ["checksum", "version"]);
    expect(sum.stdout).toStartWith(sha256(readFileSync("/proc/version")));
  });
});

test("an empty file is empty", async () => {
  using folder = new TemporaryFolder();
  folder.file("empty");
  await using server = await startServer({ library: folder.path });
  await using client = await connect(server.address);
  const download = await client.get("empty");
  expect(download.entry).toMatchObject({ size: 0, version: (await client.stat("empty")).version });
  expect((await download.bytes()).length).toBe(0);
  expect((await client.checksum("empty")).entry?.size).toBe(0);
});

const pagemap = "/proc/self/pagemap";

test.skipIf(!existsSync(pagemap))(
  "one that has no end is refused, and many at once hold no more than their budget",
  async () => {
    await using server = await startServer({ library: "/proc/self", readOnly: true });
    await using client = await connect(server.address);
    const ends = await Promise.all(
      Array.from({ length: 32 }, () => refusal(client.get("pagemap"))),
    );
    for (const { code } of ends) expect(["TOO_LARGE", "RESOURCE_EXHAUSTED"]).toContain(code);
    // All of it is given back: one at a time, each has the whole budget.
    for (let i = 0; i <= UNSIZED_BUDGET / UNSIZED_FILE; i += 1) {
      expect((await refusal(client.get("pagemap"))).code).toBe("TOO_LARGE");
    }
  },
);
