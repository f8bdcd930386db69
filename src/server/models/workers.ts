/**
 * The event loop on several cores: processes that accept from one listening socket, which this process opens
 * and never accepts from. A client in its backlog is served by any of the workers: one that dies loses its
 * own clients, and no other.
 */
import { clientText } from "../../net/bun.ts";
import { checkServerTls } from "../../net/tls.ts";
import type { Address } from "../../net/transport.ts";
import { openShared, share, type SharedListener } from "../../net/handover.ts";
import { VERSION } from "../../version.ts";
import { type Log, SILENT, kindsOf } from "../log/log.ts";
import { metricsText } from "../metrics/metrics-text.ts";
import type { Changed, Server, StopOptions } from "../options/options.ts";
import type { Settings } from "../options/table.ts";
import { openUsers } from "../users/open.ts";
import { type ChildOptions, childOptions } from "./child-messages.ts";
import { ChildCounts } from "./child-counts.ts";
import { Slot } from "./slot.ts";

/**
 * Resolves when all workers accept.
 * @throws LeatError: what listening throws, INTERNAL when a worker cannot start
 */
export async function startWorkers(settings: Settings, where: Address): Promise<Server> {
  const served = childOptions(settings, settings.workers);
  const { fd } = settings;
  const listener = fd === undefined ? openShared(where) : share(fd, where);
  const workers = new Workers(settings, served, listener, where);
  try {
    await workers.ready;
    return workers;
  } catch (thrown) {
    await workers.stop({ drain: 0 });
    throw thrown;
  }
}

class Workers implements Server {
  readonly address: string;
  readonly port: number;
  /** Resolves when all accept for the first time. */
  readonly ready: Promise<unknown>;
  readonly #slots: Slot[] = [];
  readonly #counts = new ChildCounts();
  readonly #listener: SharedListener;
  readonly #drain: number;
  readonly #users: string | undefined;
  readonly #log: Log;
  #served: ChildOptions;
  #stopping: Promise<void> | undefined;
  #replacing: Promise<number> | undefined;
  /** Another call came while workers were replaced. */
  #repeat = false;

  constructor(settings: Settings, served: ChildOptions, listener: SharedListener, where: Address) {
    this.#listener = listener;
    this.#drain = settings.drain;
    this.#users = settings.users;
    this.#served = served;
    this.port = listener.port;
    const address = "unix" in where ? where : { ...where, port: listener.port };
    this.address = clientText(address, settings.tls !== undefined);
    const { fd } = listener;
    const { workers, log = SILENT } = settings;
    this.#log = log;
    for (let number = 1; number <= workers; number += 1) {
      this.#slots.push(
        new Slot({ number, served: () => this.#served, fd, address, log, counts: this.#counts }),
      );
    }
    this.ready = Promise.all(this.#slots.map((slot) => slot.ready));
  }

  get connections(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.connections, 0);
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  replaceWorkers(): Promise<number> {
    this.#repeat = this.#replacing !== undefined;
    this.#replacing ??= this.#replace().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  async metrics(): Promise<string> {
    const { total, ...counts } = await this.#counts.sum();
    const workersLost = this.#slots.reduce((sum, { lost }) => sum + lost, 0);
    return metricsText({ ...counts, total: { ...total, workersLost } }, VERSION);
  }

  async reload(changed: Changed = {}): Promise<void> {
    const { tls = this.#served.tls } = changed;
    if (changed.tls !== undefined) checkServerTls(changed.tls, this.#served.tls !== undefined);
    await openUsers(this.#users); // a worker can only log that the file is wrong
    this.#served = { ...this.#served, tls, logKinds: kindsOf(this.#log) };
    for (const slot of this.#slots) slot.reload(changed);
  }

  stop({ drain = this.#drain }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(drain);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ drain: 0 });
  }

  /** One after another: only one more than `workers` runs at any time. */
  async #replace(): Promise<number> {
    let replaced = 0;
    do {
      this.#repeat = false;
      for (const slot of this.#slots) {
        if (this.#stopping !== undefined) return replaced;
        if (await slot.replace(this.#drain)) replaced += 1;
      }
    } while (this.#repeat);
    return replaced;
  }

  async #stop(drain: number): Promise<void> {
    this.#listener.close();
    await Promise.all(this.#slots.map((slot) => slot.stop(drain)));
  }
}
