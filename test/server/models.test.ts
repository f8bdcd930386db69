/** Every model serves the same: many clients at once, all bytes right, and nothing is left behind. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Client, connect, createServer, LeatError, type Server } from "../../src/index.ts";
import { MAX_WAITING } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";

const CLIENTS = 8;
/** More than a block, and no multiple of anything. */
const CONTENTS = Buffer.alloc(1_500_007, "0123456789abcdefghijklmnopqrs");

/** What a client does, from its first byte to its last: list, get, upload. */
async function visit(server: Server, library: TemporaryFolder, name: string): Promise<void> {
  await using client = await connect(server.address, { timeout: 20_000 });
  expect(await names(client)).toContain("served");
  await (await client.get("served")).save(library.at("..", `${name}.got`));
  await client.put(name, Bun.file(library.at("..", `${name}.got`)));
  expect(readFileSync(library.at(name)).equals(CONTENTS)).toBe(true);
}

async function names(client: Client): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of client.list()) found.push(entry.name);
  return found;
}

class Place implements Disposable {
  readonly #all = new TemporaryFolder();
  readonly library = new TemporaryFolder(this.#all.path);

  constructor() {
    this.library.file("served", CONTENTS);
  }

  [Symbol.dispose](): void {
    this.#all[Symbol.dispose]();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

describe.each(["event-loop", "iterative"] as const)("model %s", (model) => {
  test(`serves ${CLIENTS} clients that come at once`, async () => {
    using place = new Place();
    const { library } = place;
    await using server = await createServer({ library: library.path, model });
    const visits = Array.from({ length: CLIENTS }, (_, n) => visit(server, library, `up-${n}`));
    await Promise.all(visits);
    await until(() => server.connections === 0);
  });

  test("lets a client wait behind one that is idle, or not", async () => {
    using place = new Place();
    const { library } = place;
    await using server = await createServer({ library: library.path, model });
    const idle = await connect(server.address);
    let served = false;
    const other = visit(server, library, "other").then(() => {
      served = true;
    });
    if (model === "iterative") {
      await until(() => server.connections === 2);
      // Nobody else has anything to do: long enough to be served, if it were.
      await Bun.sleep(200);
      expect(served).toBe(false);
      await idle.close();
      await other;
    } else {
      await other;
      await idle.ping();
      await idle.close();
    }
  });

  test("tells those who are there that it stops, and its port is free at once", async () => {
    using place = new Place();
    const { library } = place;
    const server = await createServer({ library: library.path, model });
    const idle = await connect(server.address);
    const waiting = connect(server.address).catch((thrown: unknown) => thrown);
    await until(() => server.connections === 2);
    if (model !== "iterative") await ((await waiting) as Client).ping();
    await server.stop();
    const told = model === "iterative" ? await waiting : undefined;
    if (model === "iterative") expect((told as LeatError).code).toBe("UNAVAILABLE");
    expect(await idle.ping().catch((thrown: LeatError) => thrown.code)).toBe("UNAVAILABLE");
    expect(server.connections).toBe(0);
    const { port } = server;
    await using again = await createServer({ library: library.path, model, port });
    await visit(again, library, "again");
  });
});

describe("iterative", () => {
  test("serves in the order in which clients came, and skips who left", async () => {
    using place = new Place();
    const path = place.library.path;
    await using server = await createServer({ library: path, model: "iterative" });
    const first = await connect(server.address);
    const order: number[] = [];
    const later = [];
    for (let n = 0; n < 3; n += 1) {
      const arriving = connect(server.address, n === 1 ? { timeout: 300 } : {});
      later.push(
        arriving.then(
          async (client) => {
            order.push(n);
            await client.close();
          },
          (thrown: LeatError) => expect([n, thrown.code]).toEqual([1, "DEADLINE_EXCEEDED"]),
        ),
      );
      await until(() => server.connections === n + 2);
    }
    await later[1];
    await first.close();
    await Promise.all(later);
    expect(order).toEqual([0, 2]);
  });

  test("refuses those who would wait behind too many", async () => {
    using place = new Place();
    const path = place.library.path;
    await using server = await createServer({ library: path, model: "iterative" });
    await using first = await connect(server.address);
    const waiting = Array.from({ length: MAX_WAITING }, () =>
      connect(server.address).catch((thrown: LeatError) => thrown.code),
    );
    await until(() => server.connections === 1 + MAX_WAITING);
    const refused = await connect(server.address).catch((thrown: LeatError) => thrown.code);
    expect(refused).toBe("RESOURCE_EXHAUSTED");
    await first.ping();
    await server.stop();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["UNAVAILABLE"]));
  });
});
