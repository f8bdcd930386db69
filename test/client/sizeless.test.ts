/** Local files whose size says nothing: those of /proc, which have more, and of /sys, which have less. Linux. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { leat, quietly } from "../cli/support.ts";
import { refusal } from "../support/refusal.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { testPlain, testTogether } from "../support/ways.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { serveLibrary } from "../support/served-library.ts";

const here = existsSync("/proc/version") ? describe : describe.skip;
/** A folder of such files. */
const FOLDER = "/proc/sys/fs/inotify";

const { library, server, client } = await serveLibrary();

here("a file of /proc", () => {
  test.each([
    "/proc/version",
    "/proc/filesystems",
    "/proc/self/maps",
    `${FOLDER}/max_user_watches`,
  ])("%s is uploaded with what is in it", async (path) => {
    expect(statSync(path).size).toBe(0);
    const name = path.replaceAll("/", "-");
    const { entry } = await client.put(name, Bun.file(path), { sha256: true });
    const arrived = readFileSync(library.at(name), "utf8");
    expect(arrived.length).toBeGreaterThan(0);
    expect(entry.size).toBe(arrived.length);
    // Those of a process change while it lives.
    if (!path.includes("self")) expect(arrived).toBe(readFileSync(path, "utf8"));
  });

  const SYS = ["/sys/class/net/lo/mtu", "/sys/kernel/uevent_seqnum"].filter(existsSync);
  test.skipIf(SYS.length === 0)("so is one of /sys, which says that it has a page", async () => {
    for (const path of SYS) {
      expect(statSync(path).size).toBe(4096);
      const { entry } = await client.put("sys", Bun.file(path), { ifExists: "replace" });
      expect(readFileSync(library.at("sys"), "utf8")).toBe(readFileSync(path, "utf8"));
      expect(entry.size).toBeLessThan(4096);
    }
  });

  testPlain("its handshake is longer")("is read again when the connection is lost", async () => {
    // In the first bytes behind the handshake, so that something has to be tried again.
    using proxy = new FaultProxy(server.port, (connection) =>
      connection === 0 ? { cutUp: 120 } : {},
    );
    await using other = await connect(proxy.address, { retry: 20_000 });
    await other.put("again", Bun.file("/proc/filesystems"));
    expect(readFileSync(library.at("again"), "utf8")).toBe(
      readFileSync("/proc/filesystems", "utf8"),
    );
    expect(proxy.connections).toBe(2);
  });

  test("that cannot be read is refused, and not taken for an empty one", async () => {
    const { code } = await refusal(client.put("mem", Bun.file("/proc/self/mem")));
    expect(code).toBe("IO_ERROR");
    expect(existsSync(library.at("mem"))).toBe(false);
  });

  test("comes along in a tree", async () => {
    for await (const { error } of client.putTreeOutcomes(FOLDER, "tree"))
      expect(error).toBeUndefined();
    const names = readdirSync(FOLDER);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const arrived = readFileSync(library.at("tree", name), "utf8");
      expect(arrived).toBe(readFileSync(`${FOLDER}/${name}`, "utf8"));
    }
  });

  testTogether("is what the command line sends, by itself and in a tree", async () => {
    using local = new TemporaryFolder();
    const run = (...args: string[]) =>
      leat(local.path, ["client", "--server", server.address, "upload", ...args]);
    expect(await run("/proc/version")).toEqual(quietly());
    expect(readFileSync(library.at("version"), "utf8")).toBe(readFileSync("/proc/version", "utf8"));
    expect(await run("-r", FOLDER)).toEqual(quietly());
    const names = readdirSync(library.at("inotify")).toSorted();
    expect(names).toEqual(readdirSync(FOLDER).toSorted());
    expect(statSync(library.at("inotify/max_user_watches")).size).toBeGreaterThan(0);
  });

  test("is told apart from a file that is empty", async () => {
    using local = new TemporaryFolder();
    const { entry, crc32 } = await client.put("empty", Bun.file(local.file("empty")));
    expect([entry.size, crc32]).toEqual([0, 0]);
    for await (const { error } of client.putTreeOutcomes(local.path, "empties")) {
      expect(error).toBeUndefined();
    }
    expect(statSync(library.at("empties/empty")).size).toBe(0);
  });
});
