/** leat as people run it, killed in the middle: what the next try makes of it. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { MiB, NOTE_BYTES } from "../../src/limits.ts";
import { client, CLIENT, environment, RunningServer } from "../cli/support.ts";
import { until } from "../support/until.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { openIn } from "../support/held.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PARTIALS } from "../support/served.ts";
import { contents } from "../support/contents.ts";

function begin(server: string, args: readonly string[]) {
  return Bun.spawn([CLIENT, "client", "--server", server, ...args], {
    env: environment(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
}

const filesIn = (folder: string): [name: string, size: number][] => {
  try {
    return readdirSync(folder).map((name) => [name, statSync(`${folder}/${name}`).size]);
  } catch {
    return []; // not made yet
  }
};

const sizesIn = (folder: string): number[] => filesIn(folder).map(([, size]) => size);

const same = (path: string, bytes: Uint8Array): boolean =>
  Buffer.compare(readFileSync(path), bytes) === 0;

describe("a client that is killed in the middle", () => {
  test("of a get: the next one continues behind the blocks that were written down", async () => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    const bytes = contents(NOTE_BYTES + 10 * MiB, 1);
    folder.file("big", bytes);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    using proxy = new FaultProxy(Number(server.port), () => ({ stallDown: bytes.length - MiB }));
    // When one was noted, in a busy moment before the 64th: some of them.
    const line = 80;
    await using getting = begin(proxy.address, ["get", "big", "-o", here.at("big")]);
    const sums = (): string => readdirSync(here.path).find((name) => name.endsWith(".sums")) ?? ".";
    await until(() => sums() !== "." && statSync(here.at(sums())).size > line);
    getting.kill("SIGKILL");
    await getting.exited;
    expect(readdirSync(here.path).every((name) => name.startsWith("."))).toBe(true);
    const again = await client(server.address, ["get", "big", "-o", here.at("big")]);
    expect(again).toMatchObject({ code: 0, stdout: "" });
    expect(again.stderr).toMatch(/^leat: get: big continues at \d+\.0 MiB of 74\.0 MiB\n$/);
    expect(same(here.at("big"), bytes)).toBe(true);
    expect(readdirSync(here.path)).toEqual(["big"]);
  });

  test.each(["SIGKILL", "SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s, of a get -r: the next one continues the large file",
    async (signal) => {
      using folder = new TemporaryFolder();
      using here = new TemporaryFolder();
      const bytes = contents(NOTE_BYTES + 10 * MiB, 4);
      folder.file("tree/in/big", bytes);
      folder.file("tree/small", "small");
      await using server = await RunningServer.start([folder.path, "--port", "0"]);
      using proxy = new FaultProxy(Number(server.port), () => ({ stallDown: bytes.length - MiB }));
      const args = ["get", "-r", "tree/.", "-o", here.folder("tree")];
      await using getting = begin(proxy.address, args);
      // A killed process has only written down some blocks; one that is asked to end writes all.
      const [isThere, least] =
        signal === "SIGKILL"
          ? [(name: string) => name.endsWith(".sums"), 80]
          : [(name: string) => !name.endsWith(".sums"), 70 * MiB];
      await until(() =>
        filesIn(here.at("tree/in")).some(([name, size]) => isThere(name) && size > least),
      );
      getting.kill(signal);
      expect(await getting.exited).toBe(128 + constants.signals[signal]);
      expect(readdirSync(here.at("tree")).toSorted()).toEqual(["in", "small"]);
      const before = proxy.down;
      const again = await client(server.address, args);
      expect(again).toMatchObject({ code: 0, stdout: "" });
      expect(again.stderr).toMatch(
        /^leat: get: tree\/in\/big continues at \d+\.0 MiB of 74\.0 MiB\n$/,
      );
      // On a slow machine blocks are noted after NOTE_TIME already.
      expect(before).toBeGreaterThan(MiB);
      expect(same(here.at("tree/in/big"), bytes)).toBe(true);
      expect(readdirSync(here.at("tree/in"))).toEqual(["big"]);
    },
  );

  test.each(["get", "get -r"])("of a %s of a file of one block: nothing is left", async (get) => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    folder.file("middle", contents(900_000, 5));
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    using proxy = new FaultProxy(Number(server.port), () => ({ stallDown: 500_000 }));
    await using getting = begin(proxy.address, [
      ...get.split(" "),
      "middle",
      "-o",
      here.at("middle"),
    ]);
    await until(() => openIn(getting.pid).some((path) => path.startsWith(`${here.path}/`)));
    getting.kill("SIGKILL");
    await getting.exited;
    expect(readdirSync(here.path)).toEqual([]);
  });

  test("of an upload: the next one continues with what has arrived", async () => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    const bytes = contents(20 * MiB, 2);
    const file = here.file("big", bytes);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    using proxy = new FaultProxy(Number(server.port), () => ({ stallUp: 12.5 * MiB }));
    await using sending = begin(proxy.address, ["upload", file]);
    await until(() => sizesIn(folder.at(PARTIALS)).some((size) => size > 12 * MiB));
    sending.kill("SIGKILL");
    await sending.exited;
    proxy.reset(); // what stalls sees no end
    await until(() => sizesIn(folder.at(PARTIALS))[0] === 12 * MiB);
    const again = await client(server.address, ["upload", file]);
    expect(again).toEqual({
      code: 0,
      stdout: "",
      stderr: `leat: upload: ${file} continues at 12.0 MiB of 20.0 MiB\n`,
    });
    expect(same(folder.at("big"), bytes)).toBe(true);
    expect(readdirSync(folder.at(PARTIALS))).toEqual([]);
  });
});

describe("a server that is killed and started again", () => {
  test.each(["get", "upload"] as const)("in the middle of a %s: it goes on", async (command) => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    const bytes = contents(20 * MiB, 3);
    const [from, to] = command === "get" ? [folder, here] : [here, folder];
    const file = from.file("big", bytes);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    const stall = command === "get" ? { stallDown: 12.5 * MiB } : { stallUp: 12.5 * MiB };
    using proxy = new FaultProxy(Number(server.port), (connection) =>
      connection === 0 ? stall : {},
    );
    const args = command === "get" ? ["get", "big", "-o", here.at("big")] : ["upload", file];
    await using moving = begin(proxy.address, args);
    const partial = command === "get" ? here.path : folder.at(PARTIALS);
    await until(() => sizesIn(partial).some((size) => size > 12 * MiB));
    await server.stop("SIGKILL");
    proxy.reset();
    await using next = await RunningServer.start([folder.path, "--port", "0"]);
    proxy.port = Number(next.port);
    const [code, stderr] = await Promise.all([moving.exited, moving.stderr.text()]);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^leat: .*; trying again\n/)]);
    if (command === "upload") expect(stderr).toContain("continues at 12.0 MiB of 20.0 MiB\n");
    expect(same(to.at("big"), bytes)).toBe(true);
    expect(proxy.down + proxy.up).toBeLessThan(bytes.length + 2 * MiB);
  });
});
