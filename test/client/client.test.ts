/** The library as a program uses it, over real sockets. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { type Client, connect, type Entry, LeatError } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { WAY, WORKERS } from "../support/ways.ts";
import { refusal } from "../support/refusal.ts";
import { serveLibrary } from "../support/served-library.ts";

const { library, local, client } = await serveLibrary();

/** Every test leaves the connection usable, and the server without a stream. */
afterEach(async () => {
  const { streams } = await client.status();
  expect(streams).toBe(1);
});

async function names(path = "", hidden = false): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of client.list(path, { hidden })) found.push(entry.name);
  return found;
}

/** A server in another process hears a moment later than this one that it stops. */
async function statUntilRefused(client: Client): Promise<never> {
  while (true) await client.stat("text.txt");
}

async function* slowly(parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    yield new TextEncoder().encode(part);
  }
}

describe("put takes", () => {
  const sources = {
    bytes: () => new TextEncoder().encode("contents"),
    "a Blob": () => new Blob(["cont", "ents"]),
    "a File": () => new File(["contents"], "another-name.txt"),
    "a file of Bun": () => Bun.file(local.file("from-bun.txt", "contents")),
    "a ReadableStream": () => new Blob(["contents"]).stream(),
    "an AsyncIterable": () => slowly(["con", "", "tents"]),
    "an Iterable": () => [new TextEncoder().encode("contents")],
  };
  for (const [name, source] of Object.entries(sources)) {
    test(name, async () => {
      const path = `${name.replaceAll(" ", "-")}.txt`;
      const receipt = await client.put(path, source());
      expect(receipt).toMatchObject({
        entry: { name: path, kind: "FILE", size: 8 },
        durability: "none",
        skipped: false,
      });
      expect(readFileSync(library.at(path), "utf8")).toBe("contents");
    });
  }

  test("nothing at all", async () => {
    await client.put("empty.txt", slowly([]));
    expect(readFileSync(library.at("empty.txt"), "utf8")).toBe("");
  });

  test("a stream that is larger than every window", async () => {
    const chunk = new Uint8Array(100_003).fill(3);
    async function* many(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 200; count += 1) yield chunk;
    }
    const seen: number[] = [];
    const receipt = await client.put("large.bin", many(), { onProgress: (sum) => seen.push(sum) });
    expect(receipt.entry?.size).toBe(200 * chunk.length);
    expect(seen.at(-1)).toBe(200 * chunk.length);
  });
});

describe("a download is", () => {
  test("verified blocks, to iterate over", async () => {
    writeFileSync(library.at("blocks.bin"), new Uint8Array(2 * MiB + 5).fill(1));
    let size = 0;
    for await (const bytes of await client.get("blocks.bin")) size += bytes.length;
    expect(size).toBe(2 * MiB + 5);
  });

  test("a ReadableStream", async () => {
    const download = await client.get("blocks.bin");
    expect((await new Response(download.stream()).bytes()).length).toBe(2 * MiB + 5);
  });

  test("text, bytes, and an entry", async () => {
    writeFileSync(library.at("text.txt"), "grüße");
    const download = await client.get("text.txt");
    expect(download.entry).toMatchObject({ name: "text.txt", kind: "FILE", size: 7 });
    expect(await download.text()).toBe("grüße");
  });

  test("saved under a path, or as a file of Bun, with its time", async () => {
    const download = await client.get("text.txt");
    await download.save(Bun.file(local.at("saved.txt")));
    expect(readFileSync(local.at("saved.txt"), "utf8")).toBe("grüße");
    expect(readdirSync(local.path).filter((name) => name.includes("saved"))).toEqual(["saved.txt"]);
  });

  test("not saved over an existing file, unless `replace`", async () => {
    const target = local.file("there.txt", "old");
    const failing = (await client.get("text.txt")).save(target, { ifExists: "fail" });
    expect((await refusal(failing)).code).toBe("ALREADY_EXISTS");
    await (await client.get("text.txt")).save(target, { ifExists: "skip" });
    expect(readFileSync(target, "utf8")).toBe("old");
  });

  test.each(["skip", "fail"] as const)(
    "a name that is taken while the file comes, with %s",
    async (ifExists) => {
      library.file("racing", new Uint8Array(12 * MiB));
      for (const [i, ask] of [
        async (target: string, taken: (bytes: number) => void) => {
          const download = await client.get("racing", { onProgress: taken });
          await download.save(target, { ifExists });
        },
        async (target: string, taken: (bytes: number) => void) => {
          const { skipped } = await client.download("racing", target, {
            ifExists,
            onProgress: taken,
          });
          expect(skipped).toBe(true);
        },
      ].entries()) {
        const target = local.at(`racing-${ifExists}-${i}`);
        const asked = ask(target, (bytes) => {
          // More than may wait here: the partial is being written.
          if (bytes > 10 * MiB) writeFileSync(target, "another was faster");
        });
        if (ifExists === "fail") expect((await refusal(asked)).code).toBe("ALREADY_EXISTS");
        else await asked;
        expect(readFileSync(target, "utf8")).toBe("another was faster");
      }
      await client.remove("racing");
      expect(readdirSync(local.path).filter((name) => name.startsWith("."))).toEqual([]);
    },
  );

  test("taken once", async () => {
    const download = await client.get("text.txt");
    await download.text();
    expect((await refusal(download.text())).code).toBe("INVALID_ARGUMENT");
  });

  test("given up by leaving its scope, or the loop", async () => {
    writeFileSync(library.at("huge.bin"), new Uint8Array(16 * MiB));
    {
      await using _download = await client.get("huge.bin");
    }
    for await (const _ of await client.get("huge.bin")) break;
    await client.ping();
  });
});

describe("a signal gives up", () => {
  test("calls that run, and forgets those that are over", async () => {
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (type: string, listener: () => void, options: object) => {
      listeners.add(listener);
      addEventListener.call(signal, type, listener, options);
    };
    signal.removeEventListener = (type: string, listener: () => void) => {
      listeners.delete(listener);
      removeEventListener.call(signal, type, listener);
    };
    await client.stat("", { signal });
    await client.ping({ signal });
    await (await client.get("text.txt", { signal })).text();
    await client.put("forgotten.txt", new Uint8Array(3), { signal, ifExists: "replace" });
    await client.remove("forgotten.txt", { signal });
    await refusal(client.stat("nope", { signal }));
    for await (const _entry of client.list("", { signal }));
    expect(listeners.size).toBe(0);
  });

  test("a download before it begins", async () => {
    const signal = AbortSignal.abort();
    expect((await refusal(client.get("huge.bin", { signal }))).code).toBe("CANCELLED");
  });

  test("a download in the middle", async () => {
    const stop = new AbortController();
    const download = await client.get("huge.bin", {
      signal: stop.signal,
      onProgress: (sum) => sum > MiB && stop.abort(),
    });
    expect((await refusal(download.save(local.at("never.bin")))).code).toBe("CANCELLED");
    expect(readdirSync(local.path).filter((name) => name.includes("never"))).toEqual([]);
  });

  test("an upload in the middle", async () => {
    const stop = new AbortController();
    const put = client.put("never.bin", Bun.file(library.at("huge.bin")), {
      signal: stop.signal,
      onProgress: (sum) => sum > MiB && stop.abort(),
    });
    expect((await refusal(put)).code).toBe("CANCELLED");
    await client.ping();
    expect(await names()).not.toContain("never.bin");
    expect(readdirSync(library.at(PARTIALS))).toEqual([]);
  });
});

describe("if the name exists", () => {
  test("put fails, replaces, or skips, as asked", async () => {
    writeFileSync(library.at("taken.txt"), "old");
    const source = (): Uint8Array => new TextEncoder().encode("new");
    expect((await refusal(client.put("taken.txt", source()))).code).toBe("ALREADY_EXISTS");
    const skipped = await client.put("taken.txt", source(), { ifExists: "skip" });
    expect(skipped).toMatchObject({ skipped: true, entry: { size: 3 } });
    expect(readFileSync(library.at("taken.txt"), "utf8")).toBe("old");
    await client.put("taken.txt", source(), { ifExists: "replace" });
    expect(readFileSync(library.at("taken.txt"), "utf8")).toBe("new");
  });

  test("of two racing uploads one wins, and the other fails", async () => {
    const put = (text: string): Promise<unknown> => client.put("race.txt", slowly([text, text]));
    const results = await Promise.allSettled([put("a"), put("b")]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const lost = results.find((result) => result.status === "rejected")!;
    expect((lost.reason as LeatError).code).toBe("ALREADY_EXISTS");
    expect(["aa", "bb"]).toContain(readFileSync(library.at("race.txt"), "utf8"));
  });

  test("a version that changed is not replaced", async () => {
    const { version } = await client.stat("taken.txt");
    writeFileSync(library.at("taken.txt"), "newer");
    const put = client.put("taken.txt", new Uint8Array(1), {
      ifExists: "replace",
      ifMatch: version,
    });
    expect((await refusal(put)).code).toBe("PRECONDITION_FAILED");
    const get = client.get("taken.txt", { ifMatch: version });
    expect((await refusal(get)).code).toBe("PRECONDITION_FAILED");
    const remove = client.remove("taken.txt", { ifMatch: version });
    expect((await refusal(remove)).code).toBe("PRECONDITION_FAILED");
  });
});

describe("names", () => {
  test("are listed in byte order, hidden ones only when asked for", async () => {
    mkdirSync(library.at("folder"));
    for (const name of ["b", "B", "é", ".hidden", "😀", "￮"])
      writeFileSync(library.at("folder", name), "");
    expect(await names("folder")).toEqual(["B", "b", "é", "￮", "😀"]);
    expect(await names("folder", true)).toEqual([".hidden", "B", "b", "é", "￮", "😀"]);
    expect(await names("", true)).not.toContain(".leat");
  });

  test("in tens of thousands come page by page", async () => {
    mkdirSync(library.at("many"));
    for (let index = 0; index < 12_000; index += 1) {
      writeFileSync(library.at("many", `file-${String(index).padStart(6, "0")}.txt`), "");
    }
    const found = await names("many");
    expect(found).toHaveLength(12_000);
    expect(found).toEqual(found.toSorted());
  });

  test("are made, renamed and removed", async () => {
    const made = await client.makeDirectory("made/deep", { parents: true });
    expect(made).toMatchObject({ name: "deep", kind: "DIRECTORY" });
    expect((await refusal(client.makeDirectory("made"))).code).toBe("ALREADY_EXISTS");
    await client.put("made/deep/a.txt", new Uint8Array(3));
    const moved: Entry = await client.rename("made/deep/a.txt", "made/b.txt");
    expect(moved).toMatchObject({ name: "b.txt", size: 3 });
    expect((await refusal(client.remove("made"))).code).toBe("DIRECTORY_NOT_EMPTY");
    await client.remove("made/b.txt");
    await client.remove("made/deep");
    await client.remove("made");
    expect(await names()).not.toContain("made");
  });

  const refused: Record<string, string> = {
    "../outside": "INVALID_NAME",
    "/etc/passwd": "INVALID_NAME",
    "a/../../b": "INVALID_NAME",
    "nul\0byte": "INVALID_NAME",
    "bell\u0007": "INVALID_NAME",
    ".leat/partial": "INVALID_NAME",
    [`${"x".repeat(5000)}`]: "INVALID_NAME",
    "not-there": "NOT_FOUND",
    folder: "IS_A_DIRECTORY",
    "text.txt/below": "NOT_A_DIRECTORY",
    "way-out": "PERMISSION_DENIED",
  };
  for (const [name, code] of Object.entries(refused)) {
    test(`${JSON.stringify(name.slice(0, 20))} is refused as ${code}`, async () => {
      if (name === "way-out") symlinkSync("/etc/passwd", library.at(name));
      const error = await refusal(client.get(name));
      expect(error.code).toBe(code as typeof error.code);
      expect(error.message.length).toBeLessThan(400);
    });
  }
});

test("checksum, ping and status answer", async () => {
  writeFileSync(library.at("sum.txt"), "hello\n");
  const { digest } = await client.checksum("sum.txt");
  expect(Buffer.from(digest).toString("hex")).toBe(
    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
  );
  const crc = await client.checksum("sum.txt", "CRC32");
  expect(Buffer.from(crc.digest).toString("hex")).toBe("363a3020");
  expect(await client.ping()).toBeGreaterThanOrEqual(0);
  expect(await client.status()).toMatchObject({ readOnly: false, connections: 1 });
});

test("hundreds of requests at once wait their turn", async () => {
  const asked = Array.from({ length: 500 }, (_, index) =>
    client.put(`pipelined/${index}`, new Uint8Array(index)),
  );
  mkdirSync(library.at("pipelined"));
  const settled = await Promise.allSettled(asked);
  expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(500);
  const sizes = await Promise.all(
    Array.from(
      { length: 500 },
      async (_, index) => (await (await client.get(`pipelined/${index}`)).bytes()).length,
    ),
  );
  expect(sizes).toEqual(Array.from({ length: 500 }, (_, index) => index));
});

describe("a server", () => {
  test("that is read-only refuses every change", async () => {
    await using readOnly = await startServer({ library: library.path, readOnly: true });
    await using reader = await connect(readOnly.address);
    expect((await refusal(reader.put("x", new Uint8Array(1)))).code).toBe("READ_ONLY");
    expect((await refusal(reader.remove("text.txt"))).code).toBe("READ_ONLY");
    expect((await refusal(reader.makeDirectory("x"))).code).toBe("READ_ONLY");
    expect((await refusal(reader.rename("text.txt", "x"))).code).toBe("READ_ONLY");
    expect(await (await reader.get("text.txt")).text()).toBe("grüße");
  });

  test("that stops lets an open download finish, and refuses new requests", async () => {
    const stopping = await startServer({ library: library.path });
    await using reader = await connect(stopping.address);
    const download = await reader.get("huge.bin");
    const stopped = stopping.stop();
    const refused = await refusal(statUntilRefused(reader));
    expect(["UNAVAILABLE", "CONNECTION_LOST"]).toContain(refused.code);
    expect((await download.bytes()).length).toBe(16 * MiB);
    await stopped;
    expect((await refusal(connect(stopping.address))).code).toBe("UNAVAILABLE");
  });

  test("that is full says so, with the time to wait", async () => {
    // Of workers each takes one, and the kernel chooses which of them is asked.
    const maxConnections = WAY === "workers" ? WORKERS : 1;
    await using full = await startServer({ library: library.path, maxConnections });
    await using served = new AsyncDisposableStack();
    served.use(await connect(full.address));
    const fill = async (): Promise<void> => {
      for (let n = 1; n <= maxConnections; n += 1) served.use(await connect(full.address));
    };
    const error = await refusal(fill());
    expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryable: true, retryAfter: 1000 });
  });

  test("that listens on a Unix socket is reached there", async () => {
    await using there = await startServer({ library: library.path, unix: local.at("leat.sock") });
    expect(there.address).toBe(`unix:${local.at("leat.sock")}`);
    await using reader = await connect(there.address);
    expect(await (await reader.get("text.txt")).text()).toBe("grüße");
  });

  test("that is not there, or is something else, is named", async () => {
    using nothing = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const late = await refusal(connect(`127.0.0.1:${nothing.port}`, { timeout: 100 }));
    expect(late.code).toBe("DEADLINE_EXCEEDED");
    nothing.stop(true);
    expect((await refusal(connect(`127.0.0.1:${nothing.port}`))).code).toBe("UNAVAILABLE");
    await using web = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response("hi"),
    });
    const other = await refusal(connect(`127.0.0.1:${web.port}`));
    expect(other).toMatchObject({
      code: "PROTOCOL_ERROR",
      message: expect.stringContaining("leat"),
    });
  });
});

test("a source that is not bytes is refused as the caller's mistake", async () => {
  const wrong: unknown[] = ["text", null, 7, new ArrayBuffer(3), ["text"]];
  for (const source of wrong) {
    const put = client.put("never.txt", source as Uint8Array);
    expect((await refusal(put)).code).toBe("INVALID_ARGUMENT");
  }
  expect(await names()).not.toContain("never.txt");
});

test("what no frame has room for is refused, and leaves nothing behind", async () => {
  const path = local.file("never.txt", "never");
  const open = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 70; i += 1) {
    const bad =
      i % 2 === 0 ? client.get("a", { offset: -1 }) : client.put("\ud800", Bun.file(path));
    expect(await bad.catch((thrown: LeatError) => thrown.code)).toBe("INVALID_ARGUMENT");
  }
  expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(open);
  // Behind others that have all streams, too.
  const many = Array.from({ length: 70 }, () => client.status());
  const bad = client.stat("\ud800").catch((thrown: LeatError) => thrown.code);
  expect(await bad).toBe("INVALID_ARGUMENT");
  expect((await Promise.all(many)).length).toBe(70);
});

test.each([
  ["the first bytes", 0, 3, "012"],
  ["the last bytes", 7, undefined, "789"],
  ["nothing", 4, 4, ""],
  ["all", 0, undefined, "0123456789"],
])("a slice of a local file: %s", async (_what, start, end, expected) => {
  const path = local.file("sliced.txt", "0123456789");
  await client.put("slice", Bun.file(path).slice(start, end), { ifExists: "replace" });
  expect(await (await client.get("slice")).text()).toBe(expected);
});

test("a download that is saved twice is saved once, and the second time is refused", async () => {
  const bytes = new Uint8Array(3 * MiB).fill(7);
  await client.put("twice", bytes, { ifExists: "replace" });
  const download = await client.get("twice");
  const first = download.save(local.at("first"));
  const second = download.save(local.at("second")).catch((thrown: LeatError) => thrown.code);
  expect(await second).toBe("INVALID_ARGUMENT");
  await first;
  expect(readFileSync(local.at("first")).length).toBe(bytes.length);
  expect(readdirSync(local.path).includes("second")).toBe(false);
});

test("an address that is missing is refused as any other wrong one", async () => {
  const missing = process.env["LEAT_TEST_NO_SUCH_VARIABLE"] as string;
  expect(await refusal(connect(missing))).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: '"undefined" is not a server address: it is no text',
  });
});
