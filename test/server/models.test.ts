/** Every model serves the same: many clients at once, all bytes right, and nothing is left behind. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import {
  type Client,
  connect,
  createServer,
  type LeatError,
  type Log,
  openDiskStore,
  type Server,
  type ServerOptions,
} from "../../src/index.ts";
import { MAX_WAITING, MAX_WORKERS } from "../../src/limits.ts";
import { OPTIONS } from "../../src/server/options/table.ts";
import { openUnder, TemporaryFolder } from "../support/folder.ts";
import { LONG } from "../support/ways.ts";
import { until } from "../support/until.ts";

const CLIENTS = LONG ? 4 : 3;
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

/** Processes that this one started and that are not reaped. */
function childProcesses(): number[] {
  const text = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  return text
    .split(" ")
    .filter((pid) => pid !== "")
    .map(Number);
}

describe.each([...OPTIONS.model.choices])("model %s", (model) => {
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
      // Nobody else has anything to do: it would be served meanwhile, if it were at all.
      for (let asked = 0; asked < 50; asked += 1) await idle.ping();
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

/** Logs what a server says, one line each. */
function remember(lines: string[]): Log {
  const at = (facts: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(facts)}`);
  };
  return { debug: at, info: at, warn: at, error: at };
}

describe.each(["processes", "threads"] as const)("%s", (model) => {
  test("end with their clients, and nothing of them is left", async () => {
    using place = new Place();
    const { library } = place;
    const lines: string[] = [];
    const log = remember(lines);
    const sockets = openUnder("socket:").length;
    const server = await createServer({ library: library.path, model, log });
    const visits = async (round: number): Promise<void> => {
      await Promise.all([0, 1, 2].map((n) => visit(server, library, `${round}-${n}`)));
      await until(() => server.connections === 0);
    };
    await visits(0);
    // What the first ones left for the next ones, as the file of a program, is no leak.
    await until(() => openUnder("socket:").length <= sockets + 1); // that which listens
    const before = openUnder("").length;
    const rounds = LONG ? 3 : 2;
    for (let round = 1; round < rounds; round += 1) await visits(round);
    await until(() => openUnder("").length <= before);
    expect(childProcesses()).toEqual([]);
    const told = (word: string) => lines.filter((line) => line.startsWith(`${word} `)).length;
    expect([told("connect"), told("disconnect")]).toEqual([3 * rounds, 3 * rounds]);
    expect(lines.filter((line) => /died|cannot/.test(line))).toEqual([]);
    await server.stop();
  });

  test("serve at a Unix socket, and outlive a client that comes and goes at once", async () => {
    using place = new Place();
    const { library } = place;
    const unix = library.at("..", "socket");
    await using server = await createServer({ library: library.path, model, unix });
    await visit(server, library, "one");
    for (let n = 0; n < 3; n += 1) {
      const hasty = await Bun.connect({ unix, socket: { data() {} } });
      hasty.write("GET / HTTP/1.0\r\n\r\n");
      hasty.terminate();
    }
    await visit(server, library, "two");
    await until(() => server.connections === 0);
    expect(childProcesses()).toEqual([]);
  });

  test("tell a client too many to come back", async () => {
    using place = new Place();
    const { path } = place.library;
    await using server = await createServer({ library: path, model, maxConnections: 1 });
    const first = await connect(server.address);
    const refused = await connect(server.address).catch((thrown: LeatError) => thrown.code);
    expect(refused).toBe("RESOURCE_EXHAUSTED");
    await first.close();
    await until(() => server.connections === 0);
    await using second = await connect(server.address);
    await second.ping();
  });

  test("need a folder", async () => {
    await using store = openDiskStore(import.meta.dir);
    const refused = createServer({ store, model }).catch((thrown: LeatError) => thrown.code);
    expect(await refused).toBe("INVALID_ARGUMENT");
  });
});

test("a process that is killed takes its client along, and no other", async () => {
  using place = new Place();
  const { library } = place;
  const lines: string[] = [];
  const log = remember(lines);
  await using server = await createServer({ library: library.path, model: "processes", log });
  await using first = await connect(server.address);
  const [victim] = childProcesses();
  await using second = await connect(server.address);
  process.kill(victim!, "SIGKILL");
  expect(await first.ping().catch((thrown: LeatError) => thrown.code)).toBe("CONNECTION_LOST");
  await second.ping();
  await until(() => server.connections === 1);
  expect(lines.filter((line) => line.includes("killed by SIGKILL")).length).toBe(1);
  expect(childProcesses()).not.toContain(victim!);
});

describe("workers", () => {
  const start = (library: TemporaryFolder, more: Partial<ServerOptions> = {}) =>
    createServer({ library: library.path, workers: 2, ...more });

  test(`serve ${CLIENTS} clients that come at once, with and without a port`, async () => {
    using place = new Place();
    const { library } = place;
    for (const where of [{}, { unix: library.at("..", "socket") }]) {
      await using server = await start(library, where);
      expect(childProcesses().length).toBe(2);
      const name = (n: number): string => `up-${"unix" in where}-${n}`;
      const visits = Array.from({ length: CLIENTS }, (_, n) => visit(server, library, name(n)));
      await Promise.all(visits);
      await until(() => server.connections === 0);
    }
    expect(childProcesses()).toEqual([]);
    expect(openUnder(library.at("..", "socket"))).toEqual([]);
  });

  test("are replaced when they die, and serve who waited meanwhile", async () => {
    using place = new Place();
    const { library } = place;
    const lines: string[] = [];
    await using server = await start(library, { log: remember(lines) });
    const first = childProcesses();
    // All of them: who connects now has nobody but the backlog.
    for (const pid of first) process.kill(pid, "SIGKILL");
    await Promise.all([0, 1].map((n) => visit(server, library, `waited-${n}`)));
    await until(() => lines.filter((line) => line.startsWith("worker is back")).length === 2);
    const second = childProcesses();
    expect(second.length).toBe(2);
    expect(second.filter((pid) => first.includes(pid))).toEqual([]);
    // What a whole unit is sent is not for them.
    process.kill(second[1]!, "SIGUSR2");
    // One that is asked to go goes gracefully, and is replaced, too.
    process.kill(second[0]!, "SIGTERM");
    await until(() => lines.filter((line) => line.startsWith("worker is back")).length === 3);
    expect(childProcesses()).toContain(second[1]!);
    await visit(server, library, "after");
  });

  test("go on when those that would replace them cannot start", async () => {
    using place = new Place();
    const { library } = place;
    await using server = await start(library, { drain: 1000 });
    const before = childProcesses();
    await using client = await connect(server.address);
    renameSync(library.path, `${library.path}.away`);
    const replaced = await server.replaceWorkers().catch((thrown: LeatError) => thrown.message);
    expect(replaced).toMatch(/^worker 1 could not start: /);
    expect(childProcesses()).toEqual(before);
    renameSync(`${library.path}.away`, library.path);
    await client.ping();
    // Asked for twice at once: the second time comes behind the first.
    const both = await Promise.all([server.replaceWorkers(), server.replaceWorkers()]);
    expect(both).toEqual([4, 4]);
    expect(childProcesses().filter((pid) => before.includes(pid))).toEqual([]);
    await visit(server, library, "after");
  });

  test("take along only the transfers that they carry", async () => {
    using place = new Place();
    const { library } = place;
    await using server = await start(library);
    const uploads = Array.from({ length: CLIENTS }, async (_, n) => {
      const { promise: goOn, resolve } = Promise.withResolvers<void>();
      const client = await connect(server.address);
      async function* slowly(): AsyncGenerator<Uint8Array> {
        yield CONTENTS.subarray(0, 70_000);
        await goOn;
        yield CONTENTS.subarray(70_000);
      }
      await client.ping();
      const upload = client.put(`up-${n}`, slowly()).then(
        () => "whole",
        (thrown: LeatError) => thrown.code,
      );
      return { client, upload, goOn: resolve, name: `up-${n}` };
    });
    const all = await Promise.all(uploads);
    const partials = library.at(".leat/partial");
    await until(() => existsSync(partials) && readdirSync(partials).length === CLIENTS);
    process.kill(childProcesses()[0]!, "SIGKILL");
    for (const { goOn } of all) goOn();
    for (const { client, upload, name } of all) {
      const came = await upload;
      expect(["whole", "CONNECTION_LOST"]).toContain(came);
      expect(existsSync(library.at(name))).toBe(came === "whole");
      if (came === "whole") expect(readFileSync(library.at(name)).equals(CONTENTS)).toBe(true);
      await client.close();
    }
    await visit(server, library, "after");
  });

  test("stop together, tell their clients, and leave the port free at once", async () => {
    using place = new Place();
    const { library } = place;
    const server = await start(library);
    const idle = await connect(server.address);
    await idle.ping();
    await until(() => server.connections === 1);
    await server.stop();
    expect(await idle.ping().catch((thrown: LeatError) => thrown.code)).toBe("UNAVAILABLE");
    expect(childProcesses()).toEqual([]);
    await using again = await start(library, { port: server.port });
    await visit(again, library, "again");
  });

  test("are refused where they make no sense", async () => {
    using place = new Place();
    const { library } = place;
    const cases = [
      { model: "iterative" },
      { workers: MAX_WORKERS + 1, maxConnections: 1000 },
      { maxConnections: 1 },
    ] as const;
    for (const options of cases) {
      const refused = await start(library, options).catch((thrown: LeatError) => thrown.code);
      expect(refused).toBe("INVALID_ARGUMENT");
    }
    await using other = await createServer({ library: library.path });
    const taken = await start(library, { port: other.port }).catch(
      (thrown: LeatError) => thrown.code,
    );
    expect(taken).toBe("UNAVAILABLE");
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
    const leave = new AbortController();
    for (let n = 0; n < 3; n += 1) {
      const arriving = connect(server.address, n === 1 ? { signal: leave.signal } : {});
      later.push(
        arriving.then(
          async (client) => {
            order.push(n);
            await client.close();
          },
          (thrown: LeatError) => expect([n, thrown.code]).toEqual([1, "CANCELLED"]),
        ),
      );
      await until(() => server.connections === n + 2);
    }
    leave.abort();
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
