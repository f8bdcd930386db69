import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connectInMemory } from "leat/testing";
import { openDiskStore } from "leat";
import { refused } from "./store/support.ts";
import { TemporaryFolder } from "./support/folder.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("a server and a client in memory", () => {
  test("serve an empty folder of their own, which goes with them", async () => {
    let library: string;
    {
      await using leat = await connectInMemory();
      library = leat.library!;
      await leat.client.put("foo.txt", text("foo"));
      expect((await leat.client.stat("foo.txt")).size).toBe(3);
      expect(await (await leat.client.get("foo.txt")).text()).toBe("foo");
      expect(await Bun.file(`${library}/foo.txt`).text()).toBe("foo");
      expect(leat.server.connections).toBe(1);
    }
    expect(existsSync(library)).toBe(false);
  });

  test("serve a folder, or a store, that is given", async () => {
    using folder = new TemporaryFolder();
    folder.file("a", "one");
    for (const what of [{ library: folder.path }, { store: openDiskStore(folder.path) }]) {
      await using leat = await connectInMemory({ ...what, readOnly: true });
      expect((await leat.client.stat("a")).size).toBe(3);
    }
    expect(existsSync(folder.at("a"))).toBe(true);
  });

  test("refuse what a server refuses", async () => {
    using folder = new TemporaryFolder();
    await using leat = await connectInMemory({ library: folder.path, readOnly: true });
    await refused("READ_ONLY", () => leat.client.put("a", text("one")));
    await refused("NOT_FOUND", () => connectInMemory({ library: folder.at("nowhere") }));
  });

  test("may be several clients, each on a line of its own", async () => {
    await using leat = await connectInMemory({ maxConnections: 2 });
    const second = await leat.connect({ capacity: 1, chunk: () => 1 });
    await second.put("a", text("from the second"));
    expect(await (await leat.client.get("a")).text()).toBe("from the second");
    await refused("RESOURCE_EXHAUSTED", () => leat.connect());
  });

  test("lose each other when the line is cut", async () => {
    await using leat = await connectInMemory();
    const stat = leat.client.stat("a");
    leat.cut();
    await refused("CONNECTION_LOST", () => stat);
    await refused("CONNECTION_LOST", () => leat.client.stat("a"));
    expect(leat.server.connections).toBe(0);
    const again = await leat.connect();
    expect(await again.ping()).toBeNumber();
  });

  test("go on by the steps of a test, if it wants that", async () => {
    const steps: (() => void)[] = [];
    const connecting = connectInMemory({ later: (step) => void steps.push(step) });
    const run = async (until: PromiseLike<unknown>): Promise<void> => {
      const waits = { settled: false };
      const settle = (): void => void (waits.settled = true);
      until.then(settle, settle);
      while (!waits.settled) {
        steps.shift()?.();
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
    };
    await run(connecting);
    const leat = await connecting;
    const stat = leat.client.stat("");
    for (let i = 0; i < 5; i++) await Promise.resolve();
    expect(steps.length).toBeGreaterThan(0);
    await run(stat);
    expect((await stat).kind).toBe("DIRECTORY");
    await run(leat[Symbol.asyncDispose]());
  });
});
