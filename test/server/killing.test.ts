/** A process that serves is killed under load: it takes its own clients along, and nobody else. */
import { expect } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { type Client, connect, type LeatError } from "../../src/index.ts";
import { DOWNLOAD_WINDOW, MiB } from "../../src/limits.ts";
import { Served } from "../cli/support.ts";
import { clientSockets, descendants, openIn, stateOf } from "../support/held.ts";
import { flagsOf, LONG, testExcept, WAY, WORKERS } from "../support/ways.ts";
import { until } from "../support/until.ts";

/** A process for each costs more to start. */
const FEW = WAY === "processes";
const CLIENTS = LONG ? 32 : FEW ? 8 : 16;
const ROUNDS = LONG ? 10 : 1;
/** So many keep coming meanwhile, each again and again. */
const NEWCOMERS = FEW ? 2 : 4;

/** When a client holds it all back, most of it is still at the server. */
const CONTENTS = randomBytes(DOWNLOAD_WINDOW + 16 * MiB);
const DIGEST = createHash("sha256").update(CONTENTS).digest("hex");

const testProcesses = testExcept(
  ["event-loop", "iterative", "threads"],
  "no process serves that could die alone",
);
const testWorkers = testExcept(
  ["event-loop", "iterative", "processes", "threads"],
  "the server itself accepts",
);

async function serve(): Promise<Served> {
  const served = await Served.start(flagsOf(WAY));
  served.library.file("big.bin", CONTENTS);
  served.library.file("small.txt", "small");
  return served;
}

/** The processes that serve. */
function serving({ server }: Served): number[] {
  return descendants(server.child.pid);
}

/** A download that has begun, and goes on when it is told to. */
class BegunDownload {
  readonly #client: Client;
  /** What the server's end of the connection is called. */
  readonly socket: string;
  readonly begun = Promise.withResolvers<void>();
  readonly #goOn = Promise.withResolvers<void>();
  /** `whole`, or the code of what it failed with. */
  readonly result: Promise<string>;

  private constructor(client: Client, socket: string) {
    this.#client = client;
    this.socket = socket;
    this.result = this.#run().catch((thrown: LeatError) => thrown.code);
  }

  /** Nobody else may connect meanwhile. */
  static async start({ server }: Served): Promise<BegunDownload> {
    const there = new Set(clientSockets(Number(server.port)).values());
    const client = await connect(server.address);
    const now = [...clientSockets(Number(server.port)).values()];
    const [socket, ...more] = now.filter((one) => !there.has(one) && one !== "socket:[0]");
    expect([typeof socket, more]).toEqual(["string", []]);
    return new BegunDownload(client, socket!);
  }

  finish(): void {
    this.#goOn.resolve();
  }

  async #run(): Promise<string> {
    await using _client = this.#client;
    const hash = createHash("sha256");
    for await (const bytes of await this.#client.get("big.bin")) {
      hash.update(bytes);
      this.begun.resolve();
      await this.#goOn.promise;
    }
    return hash.digest("hex") === DIGEST ? "whole" : "other bytes";
  }
}

/** Clients that come, ask and go, until they are told to stop. */
class Newcomers {
  served = 0;
  /** How those fared who came before `alone` was set, and were not served. */
  readonly lost: string[] = [];
  /** The same of those who came later. */
  readonly lostLater: string[] = [];
  /** Who was killed is gone. */
  alone = false;
  #stopped = false;
  readonly #lanes: Promise<unknown>;

  constructor(address: string) {
    this.#lanes = Promise.all(Array.from({ length: NEWCOMERS }, () => this.#come(address)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#lanes;
  }

  async #come(address: string): Promise<void> {
    while (!this.#stopped) {
      const { lost, lostLater } = this;
      const list = this.alone ? lostLater : lost;
      try {
        await using client = await connect(address);
        expect(await (await client.get("small.txt")).text()).toBe("small");
        this.served += 1;
      } catch (thrown) {
        list.push(String(thrown));
      }
    }
  }
}

testProcesses(`a kill among ${CLIENTS} downloads loses those of one process`, async () => {
  await using served = await serve();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const downloads: BegunDownload[] = [];
    for (let n = 0; n < CLIENTS; n += 1) downloads.push(await BegunDownload.start(served));
    await Promise.all(downloads.map(({ begun }) => begun.promise));
    const newcomers = new Newcomers(served.server.address);
    await until(
      () => newcomers.served >= NEWCOMERS,
      () => newcomers,
    );
    const owners = serving(served);
    const victim = owners.find((pid) => openIn(pid).includes(downloads[0]!.socket))!;
    const taken = new Set(openIn(victim));
    process.kill(victim, "SIGKILL");
    await until(
      () => stateOf(victim) === undefined,
      () => stateOf(victim),
    );
    newcomers.alone = true;
    if (WAY === "workers")
      await until(
        () => serving(served).length === WORKERS,
        () => owners,
      );
    const then = newcomers.served;
    await until(
      () => newcomers.served >= then + 2 * NEWCOMERS,
      () => newcomers,
    );
    for (const download of downloads) download.finish();
    const results = await Promise.all(downloads.map(({ result }) => result));
    await newcomers.stop();
    const expected = downloads.map(({ socket }) =>
      taken.has(socket) ? "CONNECTION_LOST" : "whole",
    );
    expect(results).toEqual(expected);
    const lost = expected.filter((result) => result !== "whole").length;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(CLIENTS);
    // Whom it had accepted it takes along; a connect that is refused says "cannot connect".
    const cut = /is gone|closed the connection/;
    expect(newcomers.lost.filter((message) => !cut.test(message))).toEqual([]);
    expect(newcomers.lost.length).toBeLessThanOrEqual(NEWCOMERS);
    expect(newcomers.lostLater).toEqual([]);
    console.log(
      `measured: ${WAY}, kill ${round}: ${lost} of ${CLIENTS} downloads lost, the others whole;`,
      `newcomers: ${newcomers.served} served, ${newcomers.lost.length} cut`,
    );
    await until(
      () => serving(served).length === (WAY === "workers" ? WORKERS : 0),
      () => owners,
    );
  }
});

testWorkers("who waits for a worker that is killed is served by another", async () => {
  await using served = await serve();
  const [first, second] = serving(served);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [victim, other] = round === 1 ? [first!, second!] : serving(served);
    // Nobody accepts: who comes now waits in the backlog of the socket that both share.
    for (const pid of [victim!, other!]) process.kill(pid, "SIGSTOP");
    await until(
      () => stateOf(victim!) === "T" && stateOf(other!) === "T",
      () => stateOf(other!),
    );
    const waiting = Array.from({ length: CLIENTS }, async () => {
      await using client = await connect(served.server.address);
      return await (await client.get("small.txt")).text();
    });
    const port = Number(served.server.port);
    await until(
      () => clientSockets(port).size >= CLIENTS,
      () => clientSockets(port).size,
    );
    process.kill(victim!, "SIGKILL");
    if (round % 2 === 0) process.kill(other!, "SIGKILL");
    else process.kill(other!, "SIGCONT");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["small"]));
    await until(
      () => serving(served).length === WORKERS && !serving(served).includes(victim!),
      () => serving(served),
    );
  }
});
