/**
 * A server and its clients in one process, in which nothing happens but what a test lets happen: one
 * step of a line at a time, in any order. When no step is left, the store has answered everything
 * and something is still unfinished, then nobody will ever move: that is a stall.
 */
import { type Client, createClient } from "../../src/client/client.ts";
import { Link } from "../../src/client/connection/link.ts";
import { ReconnectingLink } from "../../src/client/connection/reconnecting-link.ts";
import type { LeatError } from "../../src/errors.ts";
import { type MemoryTransport, memoryPair } from "../../src/net/memory.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import type { ServerOptions } from "../../src/server/options/options.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import type { Random } from "../support/chop.ts";
import { TemporaryFolder, openUnder } from "../support/folder.ts";
import { turns } from "../net/support.ts";
import { SlowStore } from "./slow-store.ts";
import { TestRuntime } from "./support.ts";

/** Loop turns without a step, after which nothing comes any more by itself. */
const QUIET = 50;

/**
 * Milliseconds without a step before it is called a stall where a client's own files are written:
 * on the thread pool while the disk is slow, which no step stands for and nobody counts.
 */
const PATIENCE = 20_000;

export class Steps {
  readonly #waiting: (() => void)[] = [];
  readonly #random: Random;
  ran = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  readonly later = (step: () => void): void => void this.#waiting.push(step);

  /** Resolves in a step. */
  readonly once = (): Promise<void> => new Promise((resolve) => this.later(resolve));

  /** Runs one of those that wait. @returns whether there was one */
  run(): boolean {
    const { length } = this.#waiting;
    if (length === 0) return false;
    const at = this.#random.below(length);
    const step = this.#waiting[at]!;
    this.#waiting[at] = this.#waiting[length - 1]!;
    this.#waiting.pop();
    this.ran++;
    step();
    return true;
  }
}

export interface WorldOptions {
  readonly random: Random;
  /** Bytes that may be on their way on a line. */
  readonly capacity: number;
  /** The largest chunk that arrives. */
  readonly chunk: number;
  /** Send buffers of the process, and their size. */
  readonly buffers: number;
  readonly size: number;
  readonly clients: number;
  /** The store answers in later steps, as an object store does. */
  readonly slow: boolean;
  readonly server?: Pick<ServerOptions, "maxStreams">;
}

export class World {
  readonly folder = new TemporaryFolder();
  readonly steps: Steps;
  readonly runtime: TestRuntime;
  readonly store: SlowStore;
  readonly server: LeatServer;
  readonly clients: Client[] = [];
  readonly links: Link[] = [];
  readonly lines: MemoryTransport[] = [];
  /** Work under way that waits for more than steps and the store: for a client's own disk. */
  outside = 0;
  readonly #random: Random;
  readonly #options: WorldOptions;

  constructor(options: WorldOptions) {
    const { random, buffers, size, slow } = options;
    this.#random = random;
    this.#options = options;
    this.steps = new Steps(random);
    this.runtime = new TestRuntime({ buffers, size });
    const disk = openDiskStore(this.folder.path);
    this.store = new SlowStore(disk, slow ? this.steps.once : undefined);
    const durability = "none";
    this.server = new LeatServer(
      new Host(this.store, { ...options.server, durability }, this.runtime),
    );
    for (let i = 0; i < options.clients; i++) this.#connect();
  }

  #connect(): void {
    const { capacity, chunk } = this.#options;
    const [line] = memoryPair(
      this.server.accept,
      (transport) => {
        const link = new Link(transport, this.runtime);
        this.links.push(link);
        this.clients.push(createClient(new ReconnectingLink(link)));
        return link.connection;
      },
      { capacity, chunk: () => 1 + this.#random.below(chunk), later: this.steps.later },
    );
    this.lines.push(line);
  }

  /** Lets things happen until all of this is settled. @throws when it stalls */
  async settle(work: readonly PromiseLike<unknown>[], each?: () => void): Promise<void> {
    const state = { left: work.length };
    const settled = (): void => void state.left--;
    for (const one of work) one.then(settled, settled);
    let quiet = 0;
    let since = 0;
    while (state.left > 0) {
      if (this.steps.run()) {
        quiet = 0;
        each?.();
        await Promise.resolve();
      } else {
        const { asked } = this.store;
        await turns(1);
        quiet = this.store.pending === 0 && this.store.asked === asked ? quiet + 1 : 0;
        if (quiet === 1) since = performance.now();
        const late = this.outside === 0 || performance.now() - since > PATIENCE;
        if (quiet > QUIET && late && state.left > 0) throw new Error(this.#stalled(state.left));
      }
    }
  }

  /** Ends everything, and looks that nothing is left of it. @returns what is left */
  async end(): Promise<string[]> {
    await this.settle(this.clients.map((client) => client.close()));
    await this.settle([this.server.stop({ drain: 0 })]);
    await this.#calm();
    const left: string[] = [];
    const { taken } = this.runtime.pool;
    if (taken > 0) left.push(`${taken} buffers`);
    if (this.runtime.connections > 0) left.push(`${this.runtime.connections} connections`);
    left.push(...openUnder(this.folder.path));
    if (this.store.sinks > 0) left.push(`${this.store.sinks} sinks`);
    if (this.store.sources > 0) left.push(`${this.store.sources} sources`);
    this.folder[Symbol.dispose]();
    return left;
  }

  /** Lets everything happen that still wants to. */
  async #calm(): Promise<void> {
    for (let quiet = 0; quiet < QUIET; quiet++) {
      while (this.steps.run()) quiet = 0;
      const { asked } = this.store;
      await turns(1);
      if (this.store.pending > 0 || this.store.asked !== asked) quiet = 0;
    }
  }

  #stalled(left: number): string {
    const links = this.links.map(({ connection: { session } }) => ({
      wants: session.wantsToSend,
      unsent: session.unsentControls,
      streams: [...session.streams.values()].map(
        ({ id, state, send, receive }) => `${id} ${state} ${send.credit} ${receive.held}`,
      ),
    }));
    const facts = { left, ran: this.steps.ran, buffers: this.runtime.pool.taken, links };
    return `it stalls: ${JSON.stringify(facts, null, 1)}`;
  }
}

/** What a promise came to: its value, or the code it was refused with. */
export async function outcome<T>(promise: Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await promise;
  } catch (thrown) {
    return { code: (thrown as LeatError).code ?? String(thrown) };
  }
}
