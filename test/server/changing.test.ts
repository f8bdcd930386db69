/** Files of every awkward size, and files that change while they are sent, over real sockets. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { BLOCK_SIZE, DOWNLOAD_WINDOW, GiB, MiB } from "../../src/limits.ts";
import { serveLibrary } from "../support/served-library.ts";

const { library, local, client } = await serveLibrary();

const NONE = { durability: "none" } as const;

/** Bytes that differ from block to block. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 4093) bytes[at] = (at / 4093) & 0xff;
  return bytes;
}

describe("a file goes up and comes back the same with", () => {
  const sizes = [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE, 5 * MiB + 17];
  for (const size of sizes) {
    test(`${size} bytes`, async () => {
      const bytes = pattern(size);
      const name = `size-${size}.bin`;
      const receipt = await client.put(name, Bun.file(local.file("source", bytes)), {
        sha256: true,
      });
      expect(receipt.entry?.size).toBe(size);
      expect(Buffer.compare(readFileSync(library.at(name)), bytes)).toBe(0);
      const download = await client.get(name, { sha256: true });
      await download.save(local.at(name), NONE);
      expect(Buffer.compare(readFileSync(local.at(name)), bytes)).toBe(0);
      expect(Buffer.compare(await (await client.get(name)).bytes(), bytes)).toBe(0);
    });
  }
});

describe("a range of a file is what it says:", () => {
  test("in the middle, over block boundaries", async () => {
    const bytes = pattern(3 * MiB);
    library.file("range.bin", bytes);
    const download = await client.get("range.bin", { offset: MiB - 5, length: MiB + 10 });
    expect([download.offset, download.length]).toEqual([MiB - 5, MiB + 10]);
    const range = bytes.subarray(MiB - 5, 2 * MiB + 5);
    expect(Buffer.compare(await download.bytes(), range)).toBe(0);
  });

  test("to the end, beyond it, and nothing at the end", async () => {
    library.file("short.txt", "0123456789");
    expect(await (await client.get("short.txt", { offset: 7 })).text()).toBe("789");
    expect(await (await client.get("short.txt", { offset: 7, length: 99 })).text()).toBe("789");
    expect(await (await client.get("short.txt", { offset: 10 })).text()).toBe("");
    await expect(client.get("short.txt", { offset: 11 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

test("a sparse file of 5 GiB arrives, and stays within memory", async () => {
  const size = 5 * GiB;
  const fd = openSync(library.at("sparse.bin"), "w");
  ftruncateSync(fd, size);
  writeSync(fd, "end", size - 3);
  closeSync(fd);
  // The last 64 MiB stand for the whole: what matters is that offsets pass 2^32.
  const from = size - 64 * MiB;
  const hash = createHash("sha256");
  let got = 0;
  for await (const bytes of await client.get("sparse.bin", { offset: from })) {
    got += bytes.length;
    hash.update(bytes);
  }
  expect(got).toBe(64 * MiB);
  const expected = createHash("sha256")
    .update(new Uint8Array(64 * MiB - 3))
    .update("end");
  expect(hash.digest("hex")).toBe(expected.digest("hex"));
  rmSync(library.at("sparse.bin"));
});

describe("while it is sent, a file that", () => {
  /** Begins a download that stops when the window is full, changes the file, and reads on. */
  async function changed(name: string, change: (path: string) => void): Promise<Uint8Array> {
    const path = library.file(name, pattern(3 * DOWNLOAD_WINDOW));
    await using download = await client.get(name);
    await client.ping();
    change(path);
    return await download.bytes();
  }

  test("grows ends in CHANGED", async () => {
    await expect(
      changed("grows.bin", (path) => appendFileSync(path, "more")),
    ).rejects.toMatchObject({
      code: "CHANGED",
      retryable: true,
    });
  });

  test("shrinks ends in CHANGED", async () => {
    await expect(changed("shrinks.bin", (path) => truncateSync(path, MiB))).rejects.toMatchObject({
      code: "CHANGED",
      message: expect.stringContaining("shrinks.bin"),
    });
  });

  test("is overwritten in place ends in CHANGED", async () => {
    const overwrite = (path: string): void => {
      const fd = openSync(path, "r+");
      writeSync(fd, "other", 5);
      closeSync(fd);
    };
    await expect(changed("overwritten.bin", overwrite)).rejects.toMatchObject({ code: "CHANGED" });
  });

  test("is replaced comes whole, as it was", async () => {
    const bytes = await changed("replaced.bin", (path) => {
      renameSync(library.file("other.bin", "other"), path);
    });
    expect(Buffer.compare(bytes, pattern(3 * DOWNLOAD_WINDOW))).toBe(0);
  });

  test("is removed comes whole, as it was", async () => {
    const bytes = await changed("removed.bin", (path) => rmSync(path));
    expect(bytes.length).toBe(3 * DOWNLOAD_WINDOW);
  });

  test("failed leaves no local file, and the old one stays", async () => {
    const target = local.file("kept.txt", "old");
    library.file("fails.bin", pattern(3 * DOWNLOAD_WINDOW));
    const download = await client.get("fails.bin");
    truncateSync(library.at("fails.bin"), MiB);
    // Not by `rejects`: it turns the event loop itself, and what waits for this turn would wait for it.
    const error = await download.save(target, NONE).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "CHANGED" });
    expect(readFileSync(target, "utf8")).toBe("old");
  });
});

describe("while it is uploaded, a local file that", () => {
  test("shrinks ends in CHANGED, and nothing is visible", async () => {
    const path = local.file("source.bin", pattern(64 * MiB));
    const put = client.put("shrunk.bin", Bun.file(path), {
      onProgress: (bytes) => {
        if (bytes > MiB && statSync(path).size > 2 * MiB) truncateSync(path, 2 * MiB);
      },
    });
    await expect(put).rejects.toMatchObject({ code: "CHANGED" });
    await expect(client.stat("shrunk.bin")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
