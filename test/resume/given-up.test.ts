/** Uploads that their caller gives up: for good, or for now. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect, type PutOptions } from "../../src/index.ts";
import { MiB, RESUME_LEAST } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";
import { refusalCode } from "../support/refusal.ts";
import { PARTIALS } from "../support/served.ts";
import { until } from "../support/until.ts";
import { serveLibrary } from "../support/served-library.ts";

const BYTES = contents(64 * MiB, 11);

const { library, local, server, client } = await serveLibrary();

const partials = (): number[] => {
  const folder = library.at(PARTIALS);
  return readdirSync(folder).map((name) => statSync(`${folder}/${name}`).size);
};

/** Sends a part of a file, until at least `least` bytes have left. @returns how often `onKept` was called */
async function giveUp(path: string, name: string, least: number, options: PutOptions) {
  const stop = new AbortController();
  let kept = 0;
  const put = client.put(name, Bun.file(path), {
    ...options,
    signal: stop.signal,
    onKept: () => void kept++,
    onProgress: (bytes) => {
      if (bytes >= least) stop.abort();
    },
  });
  expect(await refusalCode(put)).toBe("CANCELLED");
  return kept;
}

describe("an upload that is given up", () => {
  test("for good leaves nothing", async () => {
    const path = local.file("gone", BYTES);
    expect(await giveUp(path, "gone", 16 * MiB, {})).toBe(0);
    await until(() => partials().length === 0);
  });

  test("leaves nothing that no other upload could find: of a small file, and with SHA-256", async () => {
    const small = local.file("small", BYTES.subarray(0, RESUME_LEAST - 1));
    expect(await giveUp(small, "small", 3 * MiB, { keep: true })).toBe(0);
    const path = local.file("summed", BYTES);
    expect(await giveUp(path, "summed", 16 * MiB, { keep: true, sha256: true })).toBe(0);
    await until(() => partials().length === 0);
  });

  test("for now is kept, and goes on over the same connection and over another", async () => {
    const path = local.file("kept", BYTES);
    expect(await giveUp(path, "kept", 16 * MiB, { keep: true })).toBe(1);
    await until(() => partials().some((size) => size >= 12 * MiB && size % MiB === 0));
    const resumed: number[] = [];
    const onResume = (offset: number): void => void resumed.push(offset);
    expect(await giveUp(path, "kept", 32 * MiB, { keep: true, onResume })).toBe(1);
    await until(() => partials().some((size) => size >= 28 * MiB && size % MiB === 0));
    await client.close(); // some serve one at a time
    await using other = await connect(server.address);
    await other.put("kept", Bun.file(path), { onResume });
    expect(resumed).toHaveLength(2);
    expect(resumed[0]).toBeGreaterThanOrEqual(12 * MiB);
    expect(resumed[1]).toBeGreaterThanOrEqual(28 * MiB);
    expect(Buffer.compare(readFileSync(library.at("kept")), BYTES)).toBe(0);
    expect(partials()).toEqual([]);
  });
});
