/** Clients that are killed in the middle of a sync: the same command ends as if nothing had happened. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Log } from "../../../src/index.ts";
import { seededRandom } from "../../support/chop.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { startServer } from "../../support/served.ts";
import { LONG } from "../../support/ways.ts";
import { CLIENT, environment } from "../../cli/support.ts";
import { change, folderTimes, picture, plant, synced } from "./trees.ts";

const ROUNDS = LONG ? 100 : 3;

/** What the server logs: each file that it sent, took or removed has a line. */
class Lines implements Log {
  #count = 0;
  #most = 0;
  #reached = (): void => {};

  /** @param reached called when so many lines have come */
  after(most: number, reached: () => void): void {
    this.#count = 0;
    this.#most = most;
    this.#reached = reached;
  }

  info(): void {
    this.#count += 1;
    if (this.#count === this.#most) this.#reached();
  }

  debug(): void {}
  warn(): void {}
  error(): void {}
}

/** Runs a sync, and kills it when the server has logged so many lines. @returns whether it came to its end */
async function sync(args: readonly string[], log: Lines, killAt: number): Promise<boolean> {
  await using child = Bun.spawn([CLIENT, "client", ...args], {
    env: environment(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  log.after(killAt, () => child.kill("SIGKILL"));
  const failures = await child.stderr.text();
  const code = await child.exited;
  if (child.signalCode === "SIGKILL") return false;
  expect({ code, failures }).toEqual({ code: 0, failures: "" });
  return true;
}

test.each(["down", "up"] as const)("a sync %s that is killed again and again", async (way) => {
  const random = seededRandom(way === "up" ? 3 : 2);
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  const log = new Lines();
  await using server = await startServer({ library: library.path, durability: "none", log });
  const [local, remote] = [here.at("t"), library.at("t")];
  const [source, target] = way === "down" ? [remote, local] : [local, remote];
  plant(source, random);
  plant(target, random);
  const ends = way === "down" ? [":t", local] : [local, ":t"];
  const flags = ["--delete", "--durability", "none"];
  const args = ["--server", server.address, "sync", ...ends, ...flags];
  for (let round = 0; round < ROUNDS; round += 1) {
    const wanted = synced(picture(source), picture(target), true);
    // The first lines are about the connection.
    for (let kill = random.below(3); kill > 0; kill -= 1)
      await sync(args, log, 1 + random.below(30));
    expect(await sync(args, log, 0)).toBe(true);
    expect([...picture(target)].toSorted()).toEqual([...wanted].toSorted());
    expect([...folderTimes(target)].toSorted()).toEqual([...folderTimes(source)].toSorted());
    rmSync(source, { recursive: true });
    plant(source, random);
    change(target, random);
  }
});
