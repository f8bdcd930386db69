/**
 * More clients than a server takes: those inside go on, those outside are told so and are served when
 * they come back, and memory stays under what docs/limits.md says. `LEAT_TEST_LONG=1` does it with
 * 5,000 clients and room for 1,000.
 */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type LeatError } from "../../src/index.ts";
import {
  FOLDER_CACHE_BYTES,
  FOLDER_READS,
  FOLDER_WINDOW_BYTES,
  GROWTH_BUDGET,
  INITIAL_WINDOW_BUDGET,
  KiB,
  MAX_REFUSALS,
  MiB,
  PAGE_BUDGET,
  LARGE_BUFFER,
  LARGE_SHARE,
  SEND_BUFFER,
  SEND_BUFFERS,
  WINDOW_BUDGET,
} from "../../src/limits.ts";
import { environment, SERVER, Written } from "../cli/support.ts";
import { contents } from "../support/contents.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { LONG } from "../support/ways.ts";
import { until } from "../support/until.ts";

const CLIENTS = LONG ? 5_000 : 300;
const ROOM = LONG ? 1_000 : 60;
/** Of those inside, the ones that move files meanwhile. */
const BUSY = 4;
const FILE = contents(3 * MiB, 5);

/** What docs/limits.md says that a server takes at most, in bytes, besides the runtime. */
function boundOf(connections: number): number {
  const shared =
    SEND_BUFFERS * SEND_BUFFER +
    (SEND_BUFFERS / LARGE_SHARE) * LARGE_BUFFER +
    PAGE_BUDGET +
    INITIAL_WINDOW_BUDGET +
    WINDOW_BUDGET +
    GROWTH_BUDGET +
    FOLDER_CACHE_BYTES +
    4 * FOLDER_READS * FOLDER_WINDOW_BYTES;
  return shared + connections * 9 * KiB + MAX_REFUSALS * 4 * KiB;
}

class Crowded implements AsyncDisposable {
  readonly library = new TemporaryFolder();
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly log: Written;
  readonly #stdout: Written;

  /** @param limit of open files, if not that of this process */
  constructor(room: number, limit?: number) {
    this.library.file("file", FILE);
    const flags = ["--port", "0", "--max-connections", `${room}`, "--log-level", "warn"];
    const command = [SERVER, "server", this.library.path, ...flags];
    const limited = ["/bin/sh", "-c", `ulimit -n ${limit} && exec "$@"`, "sh", ...command];
    this.child = Bun.spawn(limit === undefined ? command : limited, {
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.log = new Written(this.child.stderr);
    this.#stdout = new Written(this.child.stdout);
  }

  async address(): Promise<string> {
    return (await this.#stdout.until("\n")).replace("leat listening on ", "").trim();
  }

  /** Bytes: the most that the server ever had in memory. */
  get peak(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * KiB;
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.exited;
    this.library[Symbol.dispose]();
  }
}

test(
  `of ${CLIENTS} clients ${ROOM} are served, and the others when they come back`,
  async () => {
    await using crowded = new Crowded(ROOM);
    const address = await crowded.address();
    // What the library keeps open from its first upload on is no client's.
    await using first = await connect(address);
    await first.put("first", FILE);
    await first.close();
    const before = crowded.peak;
    const descriptors = crowded.descriptors;
    const timeout = 60_000;
    const inside = await Promise.all(
      Array.from({ length: ROOM }, () => connect(address, { timeout })),
    );
    const over = new AbortController();
    const busy = inside.slice(0, BUSY).map(async (client, n) => {
      let moved = 0;
      for (; !over.signal.aborted; moved += 1) {
        const receipt = await client.put(`up-${n}`, FILE, { ifExists: "replace" });
        expect(receipt.entry?.size).toBe(FILE.length);
        expect(Buffer.compare(await (await client.get("file")).bytes(), FILE)).toBe(0);
      }
      return moved;
    });
    const retries = new Map<string, number>();
    let waited = 0;
    let served = 0;
    const outside = Array.from({ length: CLIENTS - ROOM }, async () => {
      let first = true;
      await using client = await connect(address, {
        timeout,
        retry: 600_000,
        onRetry: (error) => {
          retries.set(error.code, (retries.get(error.code) ?? 0) + 1);
          if (first) waited += 1;
          first = false;
        },
      });
      expect((await client.stat("file")).size).toBe(FILE.length);
      served += 1;
    });
    const failed = Promise.all(outside);
    failed.catch(() => {});
    await Promise.race([
      failed,
      until(
        () => waited === CLIENTS - ROOM,
        () => ({ waited, served }),
      ),
    ]);
    expect(served).toBe(0);
    // Those inside leave, but for the busy ones: there is room.
    await Promise.all(inside.slice(BUSY).map((client) => client.close()));
    await failed;
    expect(served).toBe(CLIENTS - ROOM);
    over.abort();
    const moved = await Promise.all(busy);
    expect(moved.every((count) => count > 0)).toBe(true);
    expect([...retries.keys()]).toEqual(["RESOURCE_EXHAUSTED"]);
    await Promise.all(inside.slice(0, BUSY).map((client) => client.close()));
    await until(
      () => crowded.descriptors <= descriptors,
      () => [crowded.descriptors, descriptors],
    );
    const grown = crowded.peak - before;
    const bound = boundOf(ROOM);
    if (LONG) {
      const total = [...retries.values()].reduce((sum, count) => sum + count, 0);
      console.log(`${moved.join(" ")} files inside, ${total} refusals`);
      console.log(`the server grew by ${grown / MiB} MiB to ${crowded.peak / MiB} at most`);
      console.log(`the bound is ${bound / MiB} MiB`);
    }
    expect(grown).toBeLessThan(bound);
  },
  LONG ? 600_000 : undefined,
);

test("a server with few descriptors is never at their limit, and serves on", async () => {
  const limit = 128;
  await using crowded = new Crowded(ROOM, limit);
  const address = await crowded.address();
  const clients = Array.from({ length: 4 * limit }, () =>
    connect(address, { timeout: 20_000 }).catch((thrown: LeatError) => thrown.code),
  );
  const answers = await Promise.all(clients);
  const inside = answers.filter((answer) => typeof answer !== "string");
  // Half of what the reserve leaves.
  expect(inside.length).toBe(32);
  const refused = answers.filter((answer) => typeof answer === "string");
  expect(refused).toContain("RESOURCE_EXHAUSTED");
  // Of those that are closed at once a reset may come first.
  const kinds = ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "CONNECTION_LOST"];
  expect(refused.filter((code) => !kinds.includes(code as string))).toEqual([]);
  expect(crowded.descriptors).toBeLessThan(limit - 16);
  await Promise.all(
    inside.map(async (client) => {
      expect((await client.get("file")).entry.size).toBe(FILE.length);
    }),
  );
  await Promise.all(inside.map((client) => client.close()));
  await using again = await connect(address, { retry: 20_000 });
  expect((await again.stat("file")).size).toBe(FILE.length);
});
