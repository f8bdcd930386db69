/** What an upload has left is removed after a time that the server is told, and never while it is in use. */
import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { crc32 } from "../../src/hash.ts";
import { Served } from "../cli/support.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { PARTIALS } from "../support/served.ts";
import { flagsOf, WAY } from "../support/ways.ts";
import { until } from "../support/until.ts";

/** Uploads that are open at once need two peers. */
test.skipIf(WAY === "iterative")(
  "--partial-retention: the abandoned goes, the one in use stays",
  async () => {
    await using served = await Served.start(["--partial-retention", "1", ...flagsOf(WAY)]);
    const partials = (): string[] =>
      readdirSync(served.library.at(PARTIALS)).map((name) => name.slice(0, 2));
    /** Whether all of its block was written: what is not read yet goes with the connection. */
    const whole = (start: string): boolean => {
      const folder = served.library.at(PARTIALS);
      const name = readdirSync(folder).find((one) => one.startsWith(start));
      return name !== undefined && statSync(`${folder}/${name}`).size === MiB;
    };
    const block = new Uint8Array(MiB).fill(1);
    const begin = async (peer: RawPeer, id: number): Promise<void> => {
      const uploadId = new Uint8Array(16).fill(id);
      peer.request(1, { case: "put", value: { path: `file-${id}`, uploadId, size: 2 * MiB } });
      while ((await peer.body(1)).case !== "response");
      for (let at = 0; at < MiB; at += MiB / 16) {
        const piece = block.subarray(at, at + MiB / 16);
        peer.data(1, at, piece, at + piece.length === MiB ? crc32(block) : undefined);
      }
    };
    using held = await RawPeer.welcomed(Number(served.server.port));
    await begin(held, 0xaa);
    {
      using abandoned = await RawPeer.welcomed(Number(served.server.port));
      await begin(abandoned, 0xbb);
      await until(() => whole("aa") && whole("bb"), partials);
    }
    await until(() => partials().join() === "aa", partials);
    // It was touched before the other, and nothing but its lock has kept it.
    let at = MiB;
    for (; at < 2 * MiB; at += MiB / 16) {
      const piece = block.subarray(0, MiB / 16);
      held.data(1, at, piece, at + piece.length === 2 * MiB ? crc32(block) : undefined);
    }
    const all = new Uint8Array(2 * MiB).fill(1);
    held.frame(1, { case: "finish", value: { size: all.length, crc32: crc32(all) } });
    let last = await held.body(1);
    while (last.case === "credit") last = await held.body(1);
    expect(last.case).toBe("receipt");
  },
);
