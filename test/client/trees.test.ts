/** Trees through the library: servers that lie, files that fail, walks that are given up. */
import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connectInMemory } from "../../src/testing.ts";
import { connect } from "../../src/index.ts";
import type { TreeOutcome, TreeSummary } from "../../src/index.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { MAX_FRAME } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";

async function all(
  tree: AsyncGenerator<TreeOutcome, TreeSummary>,
): Promise<{ outcomes: TreeOutcome[]; summary: TreeSummary }> {
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
      const { outcomes } = await all(client.getTree("t", here.at("t")));
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
    const down = await all(leat.client.getTree("many", here.at("many"), quickly));
    expect(failures(down.outcomes)).toEqual([]);
    expect(down.outcomes.filter(({ kind }) => kind === "FILE")).toHaveLength(5000);
    const sums = (path: string) =>
      (readdirSync(path, { recursive: true }) as string[])
        .toSorted()
        .map((name) => (name.length < 3 ? name : `${name} ${readFileSync(`${path}/${name}`)}`));
    expect(sums(here.at("many"))).toEqual(sums(library.at("many")));

    for (let i = 1000; i < 5000; i++) rmSync(here.at(`many/${i % 3}/${i} ${"long ".repeat(40)}`));
    const up = await all(leat.client.putTree(here.at("many"), "up"));
    expect(failures(up.outcomes)).toEqual([]);
    expect(sums(library.at("up"))).toEqual(sums(here.at("many")));
  }, 90_000);

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
    const { outcomes } = await all(leat.client.getTree("t", here.at("t")));
    expect(failures(outcomes)).toEqual(["t/b NOT_FOUND"]);
    expect(readdirSync(here.at("t")).toSorted()).toEqual(["a", "c", "d"]);

    if (process.getuid?.() === 0) return;
    chmodSync(here.at("t/a"), 0);
    const up = await all(leat.client.putTree(here.at("t"), "up"));
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
      for await (const _ of leat.client.getTree("t", here.at("back"), { signal: stop.signal })) {
        seen += 1;
        if (seen === 10) stop.abort();
      }
    })();
    expect(taking).rejects.toMatchObject({ code: "CANCELLED" });
    await taking.catch(() => {});
    const names = readdirSync(here.at("back"));
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
    expect(names.length).toBeLessThan(300);
    for await (const _ of leat.client.getTree("t", here.at("left"))) break; // nobody reads on
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
      for await (const { error } of leat.client.getTree("t", here.at("back"))) {
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
