/** Trees through the library: servers that lie, files that fail, walks that are given up. */
import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { chmodSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connectInMemory } from "../../src/testing.ts";
import { connect, TreeError } from "../../src/index.ts";
import type { TreeOutcome, LeftOut } from "../../src/index.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { MAX_FRAME } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";

async function all(
  tree: AsyncGenerator<TreeOutcome, LeftOut>,
): Promise<{ outcomes: TreeOutcome[]; summary: LeftOut }> {
  const outcomes: TreeOutcome[] = [];
  let next = await tree.next();
  for (; next.done !== true; next = await tree.next()) outcomes.push(next.value);
  return { outcomes, summary: next.value };
}

const failures = (outcomes: readonly TreeOutcome[]): string[] =>
  outcomes
    .filter(({ error }) => error !== undefined)
    .map(({ path, error }) => `${path} ${error?.code}`)
    .toSorted();

type Request = Extract<FrameBodyInit, { case: "request" }>["value"]["operation"];

/** A server that says whatever a test wants. */
function lying(answer: (request: Request) => readonly FrameBodyInit[]) {
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        decoder.push(chunk);
        for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
          if (event.type !== "frame" || event.body === undefined) continue;
          const { stream, body } = event;
          if (body.case === "hello") {
            const value = { magic: MAGIC, version: 1, maxStreams: 8, initialWindow: 65_536 };
            socket.write(encodeFrame(0, { case: "welcome", value }));
          } else if (body.case === "request") {
            for (const frame of answer(body.value.operation)) {
              socket.write(encodeFrame(stream, frame));
            }
          }
        }
      },
    },
  });
}

describe("a tree from a server that lies", () => {
  const NAMES = [".", "..", "bell\u0007", "nul\0", "x".repeat(300)];

  test.each(["FILE", "DIRECTORY"] as const)("about names of kind %s stays inside", async (kind) => {
    using here = new TemporaryFolder();
    const entries = [...NAMES, "good"].toSorted().map((name) => ({ name, kind, size: 1 }));
    const server = lying((request): FrameBodyInit[] => {
      if (request?.case === "stat") {
        const value = { name: "t", kind: "DIRECTORY" } as const;
        return [{ case: "response", value: { result: { case: "stat", value } } }];
      }
      if (request?.case === "list") {
        const listed = request.value.path === "t" ? entries : [];
        const result = { case: "list", value: { entries: listed } } as const;
        return [
          { case: "response", value: { result } },
          { case: "finish", value: {} },
        ];
      }
      return [{ case: "failure", value: { code: "NOT_FOUND", message: "no" } }];
    });
    try {
      await using client = await connect(`127.0.0.1:${server.port}`);
      const { outcomes } = await all(client.getTreeOutcomes("t", here.at("t")));
      const refused = outcomes.filter(({ error }) => error?.code === "INVALID_NAME");
      expect(refused).toHaveLength(NAMES.length);
      expect(readdirSync(here.path, { recursive: true }).toSorted()).toEqual(
        kind === "FILE" ? ["t"] : ["t", "t/good"],
      );
    } finally {
      server.stop(true);
    }
  });
});

describe("a tree", () => {
  test("of 5,000 files and more than a page comes whole; and goes whole", async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    for (let i = 0; i < 5000; i++) library.file(`many/${i % 3}/${i} ${"long ".repeat(40)}`, `${i}`);
    await using leat = await connectInMemory({ library: library.path, durability: "none" });
    const quickly = { durability: "none" } as const;
    const down = await all(leat.client.getTreeOutcomes("many", here.at("many"), quickly));
    expect(failures(down.outcomes)).toEqual([]);
    expect(down.outcomes.filter(({ kind }) => kind === "FILE")).toHaveLength(5000);
    const sums = (path: string) =>
      (readdirSync(path, { recursive: true }) as string[])
        .toSorted()
        .map((name) => (name.length < 3 ? name : `${name} ${readFileSync(`${path}/${name}`)}`));
    expect(sums(here.at("many"))).toEqual(sums(library.at("many")));

    for (let i = 1000; i < 5000; i++) rmSync(here.at(`many/${i % 3}/${i} ${"long ".repeat(40)}`));
    const up = await all(leat.client.putTreeOutcomes(here.at("many"), "up"));
    expect(failures(up.outcomes)).toEqual([]);
    expect(sums(library.at("up"))).toEqual(sums(here.at("many")));
  }, 300_000);

  test("goes on without files that vanish or cannot be read, and tells of them", async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    for (const name of ["a", "b", "c", "d/e"]) library.file(`t/${name}`, name);
    const disk = openDiskStore(library.path);
    const store = new Proxy(disk, {
      get(target, key) {
        if (key === "page") {
          return async (...args: Parameters<typeof disk.page>) => {
            const page = await target.page(...args);
            if (args[0] === "t") rmSync(library.at("t/b"));
            return page;
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await using leat = await connectInMemory({ store });
    const { outcomes } = await all(leat.client.getTreeOutcomes("t", here.at("t")));
    expect(failures(outcomes)).toEqual(["t/b NOT_FOUND"]);
    expect(readdirSync(here.at("t")).toSorted()).toEqual(["a", "c", "d"]);

    if (process.getuid?.() === 0) return;
    chmodSync(here.at("t/a"), 0);
    const up = await all(leat.client.putTreeOutcomes(here.at("t"), "up"));
    expect(failures(up.outcomes)).toEqual(["up/a PERMISSION_DENIED"]);
    expect(readdirSync(library.at("up")).toSorted()).toEqual(["c", "d"]);
  });

  test("is given up by its signal, or when nobody reads its outcomes, and leaves no partial", async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    await using leat = await connectInMemory({ library: library.path });
    for (let i = 0; i < 300; i++)
      library.file(`t/${i}`, new Uint8Array(i % 2 === 0 ? 100_000 : 10));
    const stop = new AbortController();
    let seen = 0;
    const taking = (async () => {
      for await (const _ of leat.client.getTreeOutcomes("t", here.at("back"), {
        signal: stop.signal,
      })) {
        seen += 1;
        if (seen === 10) stop.abort();
      }
    })();
    expect(taking).rejects.toMatchObject({ code: "CANCELLED" });
    await taking.catch(() => {});
    const names = readdirSync(here.at("back"));
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
    expect(names.length).toBeLessThan(300);
    for await (const _ of leat.client.getTreeOutcomes("t", here.at("left"))) break; // nobody reads on
    expect(readdirSync(here.at("left")).filter((name) => name.startsWith("."))).toEqual([]);
    expect(await leat.client.ping()).toBeGreaterThan(0);
  });

  test("ends with one reason when the connection is lost", async () => {
    using here = new TemporaryFolder();
    using library = new TemporaryFolder();
    await using leat = await connectInMemory({ library: library.path });
    for (let i = 0; i < 200; i++) library.file(`t/${i}`, new Uint8Array(10_000));
    const failed: unknown[] = [];
    const taking = (async () => {
      for await (const { error } of leat.client.getTreeOutcomes("t", here.at("back"))) {
        if (error !== undefined) failed.push(error);
        leat.cut();
      }
    })();
    const thrown = await taking.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ code: "CONNECTION_LOST" });
    expect(failed).toEqual([]);
  });
});

describe("a whole tree, awaited", () => {
  test("is there, both ways, and says how much it was", async () => {
    using here = new TemporaryFolder();
    here.file("t/a", "one");
    here.file("t/d/b", "three");
    here.folder("t/empty");
    await using leat = await connectInMemory();
    const { client } = leat;
    const moved = { files: 2, folders: 3, bytes: 8, skipped: 0, links: 0, others: 0 };
    let progress = 0;
    const onProgress = (bytes: number): void => void (progress = bytes);
    expect(await client.putTree(here.at("t"), "t", { onProgress })).toMatchObject(moved);
    expect(progress).toBe(8);
    expect(readFileSync(`${leat.library}/t/d/b`, "utf8")).toBe("three");
    expect(await client.getTree("t", here.at("back"), { onProgress })).toMatchObject(moved);
    expect(readFileSync(here.at("back/d/b"), "utf8")).toBe("three");
    expect(progress).toBe(8);
    const again = await client.putTree(here.at("t"), "t", { ifExists: "skip" });
    expect(again).toMatchObject({ files: 0, folders: 3, bytes: 0, skipped: 2 });
  });

  test("says which of it is not there: some, one, all", async () => {
    using here = new TemporaryFolder();
    for (const name of ["a", "b", "c"]) here.file(`t/${name}`, name);
    await using leat = await connectInMemory();
    const { client } = leat;
    const failing = async (moving: Promise<unknown>): Promise<TreeError> => {
      const error = await refusal(moving);
      if (error instanceof TreeError) return error;
      throw error;
    };
    await client.putTree(here.at("t"), "t");
    rmSync(`${leat.library}/t/b`);
    const two = await failing(client.putTree(here.at("t"), "t"));
    expect(two.failures.map(({ path }) => path).toSorted()).toEqual(["t/a", "t/c"]);
    expect(two).toMatchObject({ code: "ALREADY_EXISTS", failed: 2, summary: { files: 1 } });
    expect(two.message).toContain("2 files and folders were not moved; first: ");
    const none = await failing(client.getTree("nope", here.at("nope")));
    expect(none).toMatchObject({ code: "NOT_FOUND", failed: 1, summary: { files: 0 } });
    expect(none.message).toContain("nope");
    const gone = await failing(client.putTree(here.at("nope"), "nope"));
    expect(gone.code).toBe("NOT_FOUND");
  });

  test("names a hundred of many, and counts the others", async () => {
    using here = new TemporaryFolder();
    for (let i = 0; i < 150; i += 1) here.file(`t/${i}`, "x");
    await using leat = await connectInMemory();
    await leat.client.putTree(here.at("t"), "t");
    const error = await refusal(leat.client.putTree(here.at("t"), "t"));
    expect(error).toMatchObject({ failed: 150 });
    expect(error instanceof TreeError ? error.failures : []).toHaveLength(100);
  });

  test("is given up by its signal: before, and in the middle", async () => {
    using here = new TemporaryFolder();
    for (let i = 0; i < 300; i += 1) here.file(`t/${i}`, new Uint8Array(1000));
    await using leat = await connectInMemory();
    const { client } = leat;
    const early = refusal(client.putTree(here.at("t"), "t", { signal: AbortSignal.abort() }));
    expect((await early).code).toBe("CANCELLED");
    expect(readdirSync(leat.library!).includes("t")).toBe(false);
    const stop = new AbortController();
    const { signal } = stop;
    const onProgress = (): void => void queueMicrotask(() => stop.abort());
    const late = refusal(client.putTree(here.at("t"), "t", { signal, onProgress }));
    expect((await late).code).toBe("CANCELLED");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const unread = client.getTreeOutcomes("t", here.at("unread"), {
      signal: AbortSignal.timeout(0),
    });
    expect(readdirSync(here.path)).toEqual(["t"]); // nothing begins before it is read
    await unread.return({ links: 0, others: 0, example: undefined });
  });
});
