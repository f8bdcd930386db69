/** Callbacks and sources of the caller that throw: their call rejects, once, and no other does. */
import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { type Client, LeatError, connect } from "../../src/index.ts";
import { connectInMemory, type InMemory } from "../../src/testing.ts";
import { MiB } from "../../src/limits.ts";
import { contents } from "../support/contents.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const SIZE = 12 * MiB + 5;
const BYTES = contents(SIZE, 3);

/** What may be thrown; none of it is worth another try. */
const THROWN: readonly unknown[] = [
  new TypeError("a defect of the caller"),
  new LeatError("UNAVAILABLE", "not that of the server"),
  new LeatError("PRECONDITION_FAILED", "nor this"),
  undefined,
];

const thrower = (thrown: unknown) => (): never => {
  throw thrown;
};

/** The error of a callback rejects its call as INTERNAL, and another call under way succeeds. */
async function rejectsAlone(
  leat: InMemory,
  call: (client: Client, thrown: unknown) => Promise<unknown>,
): Promise<void> {
  const { client } = leat;
  for (const thrown of THROWN) {
    const other = client.put("other", BYTES, { ifExists: "replace" });
    const error = await refusal(call(client, thrown));
    expect([error.code, error.cause]).toEqual(["INTERNAL", thrown]);
    expect((await other).entry.size).toBe(SIZE);
    await until(
      async () => (await client.status()).streams === 1,
      () => leat.server,
    );
    expect(client.isOver).toBe(false);
  }
}

describe("a callback that throws", () => {
  test("onProgress of put: of bytes, a file, a stream", async () => {
    using folder = new TemporaryFolder();
    const file = folder.file("file", BYTES);
    await using leat = await connectInMemory();
    for (const source of [() => BYTES, () => Bun.file(file), () => new Blob([BYTES]).stream()]) {
      await rejectsAlone(leat, (client, thrown) =>
        client.put("x", source(), { onProgress: thrower(thrown) }),
      );
    }
    expect(readdirSync(leat.library!).toSorted()).toEqual([".leat", "other"]);
  });

  test("onResume of put", async () => {
    using folder = new TemporaryFolder();
    const file = folder.file("file", BYTES);
    await using leat = await connectInMemory();
    const begun = await leat.connect();
    const interrupted = begun.put("x", Bun.file(file), {
      onProgress: (bytes) => {
        if (bytes > 9 * MiB) setTimeout(() => leat.cut());
      },
    });
    await refusal(interrupted);
    await using next = await connectInMemory({ library: leat.library! });
    const thrown = new TypeError("a defect of the caller");
    const put = next.client.put("x", Bun.file(file), { onResume: thrower(thrown) });
    expect(await refusal(put)).toMatchObject({ code: "INTERNAL", cause: thrown });
    expect((await next.client.put("x", Bun.file(file))).entry.size).toBe(SIZE);
  });

  test("onProgress of get: save, bytes, blocks", async () => {
    using local = new TemporaryFolder();
    await using leat = await connectInMemory();
    await leat.client.put("x", BYTES);
    const onProgress = thrower;
    await rejectsAlone(leat, async (client, thrown) => {
      const download = await client.get("x", { onProgress: onProgress(thrown) });
      await download.save(local.at("x"));
    });
    await rejectsAlone(leat, async (client, thrown) =>
      (await client.get("x", { onProgress: onProgress(thrown) })).bytes(),
    );
    expect(readdirSync(local.path)).toEqual([]);
  });

  test.each(["onBegin", "onProgress"] as const)("%s of download", async (name) => {
    using local = new TemporaryFolder();
    await using leat = await connectInMemory();
    await leat.client.put("x", BYTES);
    await rejectsAlone(leat, (client, thrown) =>
      client.download("x", local.at("x"), { [name]: thrower(thrown) }),
    );
    expect(readdirSync(local.path)).toEqual([]);
  });

  test.each(["onResume", "onBegin"] as const)("%s of a download that resumes", async (name) => {
    using local = new TemporaryFolder();
    await using leat = await connectInMemory();
    await leat.client.put("x", BYTES);
    const begun = await leat.connect();
    const onProgress = (bytes: number): void => {
      if (bytes > 5 * MiB) setTimeout(() => leat.cut());
    };
    await refusal(begun.download("x", local.at("x"), { onProgress }));
    await using next = await connectInMemory({ library: leat.library! });
    await rejectsAlone(next, (client, thrown) =>
      client.download("x", local.at("x"), { [name]: thrower(thrown) }),
    );
    // The partial file stays, and is not held open.
    expect(openUnder(local.path)).toEqual([]);
    let from = 0;
    await next.client.download("x", local.at("x"), { onResume: (offset) => void (from = offset) });
    expect(from).toBeGreaterThanOrEqual(MiB);
    expect(readdirSync(local.path)).toEqual(["x"]);
  });

  test("onRetry", async () => {
    using server = new ScriptedServer({
      request: (_operation, stream, peer) => peer.fail(stream, "UNAVAILABLE"),
    });
    for (const thrown of THROWN) {
      const onRetry = thrower(thrown);
      const calls: ((client: Client) => Promise<unknown>)[] = [
        (client) => client.stat("x"),
        (client) => client.put("x", BYTES),
        (client) => client.get("x"),
      ];
      for (const call of calls) {
        await using client = await connect(server.address, { retry: 60_000, onRetry });
        const error = await refusal(call(client));
        expect([error.code, error.cause]).toEqual(["INTERNAL", thrown]);
      }
    }
  });

  test("onProgress of a tree, both ways: small files and large ones", async () => {
    using local = new TemporaryFolder();
    local.file("t/small", "small");
    local.file("t/large", BYTES);
    await using leat = await connectInMemory();
    await rejectsAlone(leat, (client, thrown) =>
      client.putTree(local.at("t"), "up", { ifExists: "replace", onProgress: thrower(thrown) }),
    );
    await leat.client.putTree(local.at("t"), "t");
    for (const path of ["t", "t/small", "t/large"]) {
      for (const durability of ["none", "fsync"] as const) {
        await rejectsAlone(leat, (client, thrown) =>
          client.getTree(path, local.at("down"), { durability, onProgress: thrower(thrown) }),
        );
      }
    }
  });
});

describe("a source that throws", () => {
  async function* later(thrown: unknown, after: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < after; i += 1) yield BYTES.subarray(0, MiB);
    throw thrown;
  }
  function* now(thrown: unknown, after: number): Generator<Uint8Array> {
    for (let i = 0; i < after; i += 1) yield BYTES.subarray(0, MiB);
    throw thrown;
  }

  test.each<[string, (thrown: unknown) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>]>([
    ["at once", (thrown) => later(thrown, 0)],
    ["in the middle", (thrown) => later(thrown, 5)],
    ["at once, synchronously", (thrown) => now(thrown, 0)],
    ["in the middle, synchronously", (thrown) => now(thrown, 5)],
    ["when it is begun", (thrown) => ({ [Symbol.asyncIterator]: thrower(thrown) })],
    [
      "as a web stream",
      (thrown) => new ReadableStream({ pull: (controller) => controller.error(thrown) }),
    ],
  ])("%s rejects its put alone", async (_name, source) => {
    await using leat = await connectInMemory();
    for (const thrown of [new TypeError("a defect of the caller"), new Error("late")]) {
      const other = leat.client.put("other", BYTES, { ifExists: "replace" });
      const error = await refusal(leat.client.put("x", source(thrown)));
      expect(error.code).toBe("INTERNAL");
      expect(error.message).toContain(thrown.message);
      expect((await other).entry.size).toBe(SIZE);
    }
    expect(readdirSync(leat.library!).toSorted()).toEqual([".leat", "other"]);
  });

  test("or yields no bytes, is told to stop", async () => {
    await using leat = await connectInMemory();
    let returned = 0;
    async function* words(): AsyncGenerator<Uint8Array> {
      try {
        yield BYTES.subarray(0, 10);
        while (true) yield "text" as unknown as Uint8Array;
      } finally {
        returned += 1;
      }
    }
    expect((await refusal(leat.client.put("x", words()))).code).toBe("INVALID_ARGUMENT");
    await until(
      () => returned === 1,
      () => returned,
    );
  });

  test("when it is told to stop changes nothing", async () => {
    await using leat = await connectInMemory();
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: BYTES.subarray(0, MiB) }),
        return: thrower(new Error("no")),
      }),
    };
    const stop = new AbortController();
    const onProgress = (bytes: number): void => {
      if (bytes > 3 * MiB) setTimeout(() => stop.abort());
    };
    const error = await refusal(leat.client.put("x", source, { signal: stop.signal, onProgress }));
    expect(error.code).toBe("CANCELLED");
    expect(await leat.client.ping()).toBeGreaterThanOrEqual(0);
  });
});

test("a file that is written while callbacks throw is whole or not there", async () => {
  using local = new TemporaryFolder();
  await using leat = await connectInMemory();
  await leat.client.put("x", BYTES);
  writeFileSync(local.at("x"), "old");
  for (let at = MiB; at < SIZE; at += 3 * MiB) {
    const onProgress = (bytes: number): void => {
      if (bytes >= at) throw new Error("enough");
    };
    await refusal(leat.client.download("x", local.at("x"), { onProgress }));
    expect(await Bun.file(local.at("x")).text()).toBe("old");
  }
});
