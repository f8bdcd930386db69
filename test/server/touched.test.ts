/**
 * Files that something happens to while they are sent: what leaves the contents alone does not stop
 * them, and what changes the contents is never missed, whatever is done to hide it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import {
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { type Client, connect, type GetOptions, type Server } from "../../src/index.ts";
import { BLOCK_SIZE, DOWNLOAD_WINDOW, MiB } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";
import { refusalCode } from "../support/refusal.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { until } from "../support/until.ts";

const library = new TemporaryFolder();
const local = new TemporaryFolder();
/** In seconds: a time that is easily set back. */
const THEN = 1_500_000_000;
const SIZE = 3 * DOWNLOAD_WINDOW;
const BYTES = contents(SIZE, 7);

afterAll(() => {
  library[Symbol.dispose]();
  local[Symbol.dispose]();
});

/** With a process for each client, there is no memory for so many uploads at once: they wait. */
const PATIENT = { retry: 60_000 } as const;

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function plant(folder: TemporaryFolder, name: string, bytes = BYTES): string {
  const path = folder.file(name, bytes);
  utimesSync(path, THEN, THEN);
  return path;
}

/** Writes into the file where it lies: at its beginning, which has left, and at its end, which has not. */
function overwrite(path: string, size = SIZE): void {
  const fd = openSync(path, "r+");
  writeSync(fd, "other", 5);
  writeSync(fd, "other", size - 10);
  closeSync(fd);
}

const HARMLESS: [string, (path: string) => void][] = [
  ["given another mode", (path) => chmodSync(path, 0o600)],
  ["given another time of reading", (path) => void spawnSync("touch", ["-a", path])],
  [
    "moved away and back",
    (path) => {
      renameSync(path, `${path}-away`);
      renameSync(`${path}-away`, path);
    },
  ],
  [
    "given another owner, the same",
    (path) => void spawnSync("chown", [`${process.getuid?.()}`, path]),
  ],
  ["given another name", (path) => linkSync(path, `${path}-too`)],
  [
    "given another name, and robbed of it",
    (path) => {
      linkSync(path, `${path}-too`);
      unlinkSync(`${path}-too`);
    },
  ],
  ["removed", (path) => rmSync(path)],
  [
    "replaced",
    (path) => {
      writeFileSync(`${path}-new`, "other");
      renameSync(`${path}-new`, path);
    },
  ],
];

/** What is done once it was overwritten and its time set back. */
const HIDING: [string, (path: string) => void][] = [
  ["its time set back", () => {}],
  ["its time set back, and a name more", (path) => linkSync(path, `${path}-more`)],
  ["its time set back, and another mode", (path) => chmodSync(path, 0o600)],
  ["its time set back, and removed", (path) => rmSync(path)],
];

const CHANGES = HIDING.map(([how, hide]): [string, (path: string, size?: number) => void] => [
  how,
  (path, size) => {
    overwrite(path, size);
    utimesSync(path, THEN, THEN);
    hide(path);
  },
]);

describe.each(["on", "off"] as const)(
  "with kernel copy %s, during a download a file",
  (kernelCopy) => {
    let server: Server;
    let client: Client;
    beforeAll(async () => {
      server = await startServer({ library: library.path, durability: "none", kernelCopy });
      client = await connect(server.address, PATIENT);
    });
    afterAll(async () => {
      await client.close();
      await server.stop({ drain: 0 });
    });

    afterAll(() => {
      for (const name of readdirSync(library.path)) if (name !== ".leat") rmSync(library.at(name));
    });

    /** Begins a download that stops when its window is full, does something to the file, and reads on. */
    async function during(
      what: (path: string) => void,
      path: string,
      options: GetOptions = {},
    ): Promise<Uint8Array> {
      let arrived = 0;
      await using download = await client.get(basename(path), {
        ...options,
        onProgress: (bytes) => (arrived = bytes),
      });
      await until(() => arrived >= BLOCK_SIZE);
      what(path);
      return await download.bytes();
    }

    test.concurrent.each(HARMLESS)("that is %s comes whole", async (how, what) => {
      const bytes = await during(what, plant(library, how));
      expect(isEqual(bytes, BYTES)).toBe(true);
    });

    test.concurrent(
      "of which every CRC is known and that is given another mode comes whole",
      async () => {
        await client.put("known", BYTES);
        const bytes = await during((path) => chmodSync(path, 0o600), library.at("known"));
        expect(isEqual(bytes, BYTES)).toBe(true);
      },
    );

    test.concurrent("that is touched again while it is compared comes whole", async () => {
      const path = plant(library, "again");
      const timer = setTimeout(() => chmodSync(path, 0o644), 500);
      const bytes = await during(() => chmodSync(path, 0o600), path);
      clearTimeout(timer);
      expect(isEqual(bytes, BYTES)).toBe(true);
    });

    test.concurrent.each(CHANGES)("that is overwritten, %s, ends in CHANGED", async (how, what) => {
      expect(await refusalCode(during(what, plant(library, how)))).toBe("CHANGED");
    });

    test.concurrent.each(CHANGES.slice(0, 2))(
      "of which every CRC is known and that is overwritten, %s, ends in CHANGED",
      async (how, what) => {
        const name = `known, ${how}`;
        await client.put(name, BYTES, { modified: new Date(THEN * 1000) });
        expect(await refusalCode(during(what, library.at(name)))).toBe("CHANGED");
      },
    );

    test.concurrent("of which a range is asked for comes as it is", async () => {
      const [offset, length] = [BLOCK_SIZE + 5, SIZE - 2 * BLOCK_SIZE];
      const path = plant(library, "range");
      const bytes = await during(() => chmodSync(path, 0o600), path, { offset, length });
      expect(isEqual(bytes, BYTES.subarray(offset, offset + length))).toBe(true);
    });

    test.concurrent("that was asked for by its version is that version, or none", async () => {
      const path = plant(library, "version");
      const { version } = await client.stat("version");
      const bytes = during(() => chmodSync(path, 0o600), path, { ifMatch: version });
      expect(await refusalCode(bytes)).toBe("CHANGED");
    });
  },
);

describe("during an upload a file", () => {
  const LARGE = contents(24 * MiB, 8);
  let server: Server;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ library: library.path, durability: "none" });
    client = await connect(server.address, PATIENT);
  });
  afterAll(async () => {
    await client.close();
    await server.stop({ drain: 0 });
  });

  async function during(what: (path: string) => void, name: string): Promise<Uint8Array> {
    const path = plant(local, name, LARGE);
    let done = false;
    await client.put(name, Bun.file(path), {
      onProgress: (bytes) => {
        if (done || bytes <= 2 * MiB) return;
        done = true;
        what(path);
      },
    });
    expect(done).toBe(true);
    return readFileSync(library.at(name));
  }

  test.concurrent.each(HARMLESS)("that is %s arrives whole", async (how, what) => {
    expect(isEqual(await during(what, `up ${how}`), LARGE)).toBe(true);
  });

  test.concurrent.each(CHANGES)("that is overwritten, %s, ends in CHANGED", async (how, what) => {
    const name = `changed ${how}`;
    const secretly = (path: string): void => what(path, LARGE.length);
    expect(await refusalCode(during(secretly, name))).toBe("CHANGED");
    expect(await refusalCode(client.stat(name))).toBe("NOT_FOUND");
  });
});

test("a part of a file that is overwritten in secret while it is uploaded ends in CHANGED", async () => {
  const path = plant(local, "part", contents(32 * MiB, 10));
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address);
  let done = false;
  const put = client.put("part", Bun.file(path).slice(0, 31 * MiB), {
    onProgress: () => {
      if (!done) overwrite(path);
      utimesSync(path, THEN, THEN);
      done = true;
    },
  });
  expect(await refusalCode(put)).toBe("CHANGED");
  expect(await refusalCode(client.stat("part"))).toBe("NOT_FOUND");
});

test("a file that is given another mode while it is summed has its sum", async () => {
  const path = plant(library, "summed", contents(64 * MiB, 9));
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address);
  const expected = new Bun.CryptoHasher("sha256").update(contents(64 * MiB, 9)).digest("hex");
  const summing = client.checksum("summed");
  await client.ping();
  chmodSync(path, 0o600);
  const { digest, entry } = await summing;
  expect(Buffer.from(digest).toString("hex")).toBe(expected);
  expect(entry?.version).toBe((await client.stat("summed")).version);
});
