/** Files that grow while they are fetched. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, openSync, closeSync, readdirSync, renameSync } from "node:fs";
import { truncateSync, writeFileSync, writeSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { serveLibrary } from "../support/served-library.ts";

const SIZE = 40 * MiB + 123;
const BYTES = contents(SIZE, 5);

const { library, client } = await serveLibrary();

/** Calls `step` once, when some of the file has come: the window keeps the rest on the server. */
function once(step: () => void): (bytes: number) => void {
  let done = false;
  return () => {
    if (!done) step();
    done = true;
  };
}

function writeAt(path: string, position: number, text: string): void {
  const fd = openSync(path, "r+");
  writeSync(fd, text, position);
  closeSync(fd);
}

const same = async (path: string): Promise<boolean> =>
  Buffer.compare(await Bun.file(path).bytes(), BYTES) === 0;

const append = (path: string) => (): void => appendFileSync(path, "one more line\n");

/** Each way to fetch a file. */
const WAYS: Readonly<
  Record<
    string,
    (local: string, options: { allowGrowth: boolean }, step: () => void) => Promise<unknown>
  >
> = {
  download: (local, options, step) =>
    client.download("log", local, { ...options, durability: "none", onProgress: once(step) }),
  save: async (local, options, step) => {
    const download = await client.get("log", { ...options, onProgress: once(step) });
    await download.save(local, { durability: "none" });
  },
  bytes: async (local, options, step) => {
    const download = await client.get("log", { ...options, onProgress: once(step) });
    writeFileSync(local, await download.bytes());
  },
  getTree: (local, options, step) =>
    client.getTree("log", local, { ...options, durability: "none", onProgress: once(step) }),
};

describe("a file that grows while it is fetched", () => {
  test.each(Object.entries(WAYS))("is what it was at the start: %s", async (_name, fetch) => {
    using local = new TemporaryFolder();
    for (const grow of [
      append(library.at("log")),
      () => truncateSync(library.at("log"), 2 * SIZE),
    ]) {
      writeFileSync(library.at("log"), BYTES);
      await fetch(local.at("log"), { allowGrowth: true }, grow);
      expect(await same(local.at("log"))).toBe(true);
      expect(readdirSync(local.path)).toEqual(["log"]);
    }
  });

  test("all the time, is as well", async () => {
    using local = new TemporaryFolder();
    writeFileSync(library.at("log"), BYTES);
    const writer = setInterval(append(library.at("log")), 1);
    try {
      await client.download("log", local.at("log"), { allowGrowth: true, durability: "none" });
    } finally {
      clearInterval(writer);
    }
    const got = await Bun.file(local.at("log")).bytes();
    const now = await Bun.file(library.at("log")).bytes();
    expect(got.length).toBeGreaterThanOrEqual(SIZE);
    expect(Buffer.compare(got, now.subarray(0, got.length))).toBe(0);
  });

  test("ends with CHANGED without allowGrowth", async () => {
    writeFileSync(library.at("log"), BYTES);
    const onProgress = once(append(library.at("log")));
    const download = await client.get("log", { onProgress });
    expect((await refusal(download.bytes())).code).toBe("CHANGED");
  });

  test("a range of it, and with a SHA-256", async () => {
    writeFileSync(library.at("log"), BYTES);
    const onProgress = once(append(library.at("log")));
    const range = {
      offset: 1000,
      length: SIZE - 2000,
      sha256: true,
      allowGrowth: true,
      onProgress,
    };
    const got = await (await client.get("log", range)).bytes();
    expect(Buffer.compare(got, BYTES.subarray(1000, SIZE - 1000))).toBe(0);
  });
});

describe("a file that may grow, and changes otherwise", () => {
  const changes: Readonly<Record<string, (path: string) => void>> = {
    "is written to in a part that was sent": (path) => writeAt(path, 10, "other"),
    "is written to where it is read next": (path) => writeAt(path, SIZE - 10, "other"),
    "is cut": (path) => truncateSync(path, MiB),
    "is cut, and grows again": (path) => {
      truncateSync(path, 0);
      writeFileSync(path, contents(SIZE + 5, 6));
    },
    "grows, and is written to": (path) => {
      appendFileSync(path, "more\n");
      writeAt(path, 5 * MiB, "other");
    },
  };
  test.each(Object.entries(changes))("%s: never both in one", async (_name, change) => {
    writeFileSync(library.at("log"), BYTES);
    const onProgress = once(() => change(library.at("log")));
    const download = await client.get("log", { allowGrowth: true, onProgress });
    const got = await download.bytes().catch((error: unknown) => error);
    if (got instanceof Uint8Array) {
      // The change was behind the part that had been read.
      const now = await Bun.file(library.at("log")).bytes();
      expect(Buffer.compare(got, now.subarray(0, SIZE))).toBe(0);
    } else {
      expect(got).toMatchObject({ code: "CHANGED" });
    }
  });

  test("is replaced by another: the old one comes whole", async () => {
    writeFileSync(library.at("log"), BYTES);
    writeFileSync(library.at("next"), "another");
    const onProgress = once(() => renameSync(library.at("next"), library.at("log")));
    const download = await client.get("log", { allowGrowth: true, onProgress });
    expect(Buffer.compare(await download.bytes(), BYTES)).toBe(0);
  });
});
