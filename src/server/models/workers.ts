/**
 * The event loop on several cores: processes that accept from one listening socket, which this one
 * opens and never accepts from. Who waits in its backlog is served by whichever worker is there: one
 * that dies takes its own clients along, and nobody else.
 */
import { LeatError } from "../../errors.ts";
import {
  CHILD_DEADLINE,
  DRAIN_DEADLINE,
  MAX_CONNECTIONS,
  MAX_WORKERS,
  RESTART_DELAY,
  WORKER_YOUTH,
} from "../../limits.ts";
import type { Address } from "../../net/bun.ts";
import { openShared, type SharedListener } from "../../net/handover.ts";
import { type Log, SILENT } from "../log.ts";
import type { Server, ServerOptions, StopOptions } from "../server.ts";
import { type Child, type ChildOptions, childOptions, type FromChild } from "./child-messages.ts";
import { endAll } from "./clients.ts";
import { startProcess } from "./processes.ts";

/**
 * Resolves when all workers accept.
 * @throws LeatError: INVALID_ARGUMENT, what listening throws, INTERNAL when a worker cannot start
 */
export async function startWorkers(options: ServerOptions, where: Address): Promise<Server> {
  const count = options.workers ?? 1;
  checkCount(count, options);
  const served = childOptions(options, count);
  const workers = new Workers(count, served, openShared(where), where, options.log ?? SILENT);
  try {
    await workers.ready;
    return workers;
  } catch (thrown) {
    await workers.stop({ drain: 0 });
    throw thrown;
  }
}

function checkCount(count: number, { model, maxConnections = MAX_CONNECTIONS }: ServerOptions) {
  const wrong = (message: string) => new LeatError("INVALID_ARGUMENT", message);
  if (count > MAX_WORKERS) throw wrong(`${count} workers: at most ${MAX_WORKERS} are started`);
  if (count > maxConnections) {
    throw wrong(`${count} workers for ${maxConnections} connections: some would serve nobody`);
  }
  if (model !== undefined && model !== "event-loop") {
    throw wrong(`workers run the event loop each; the model ${model} has none`);
  }
}

class Workers implements Server {
  readonly address: string;
  readonly port: number;
  /** Resolves when all have become ready for the first time. */
  readonly ready: Promise<unknown>;
  readonly #slots: Slot[] = [];
  readonly #listener: SharedListener;
  #stopping: Promise<void> | undefined;

  constructor(
    count: number,
    served: ChildOptions,
    listener: SharedListener,
    where: Address,
    log: Log,
  ) {
    this.#listener = listener;
    this.address = listener.address;
    this.port = listener.port;
    const address = "unix" in where ? where : { ...where, port: listener.port };
    for (let number = 1; number <= count; number += 1) {
      this.#slots.push(new Slot({ number, served, fd: listener.fd, address, log }));
    }
    this.ready = Promise.all(this.#slots.map((slot) => slot.ready));
  }

  get connections(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.connections, 0);
  }

  stop({ drain = DRAIN_DEADLINE }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(drain);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ drain: 0 });
  }

  async #stop(drain: number): Promise<void> {
    this.#listener.close();
    await Promise.all(this.#slots.map((slot) => slot.stop(drain)));
  }
}

interface SlotOptions {
  /** From 1. */
  readonly number: number;
  readonly served: ChildOptions;
  /** The listening socket. */
  readonly fd: number;
  readonly address: Address;
  readonly log: Log;
}

/** The place of one worker, whoever fills it. */
class Slot {
  /** Clients of the worker. */
  connections = 0;
  readonly #options: SlotOptions;
  readonly #ready = Promise.withResolvers<void>();
  #child: Child | undefined;
  #since = 0;
  #wasReady = false;
  #delay: number = RESTART_DELAY.least;
  #timer: NodeJS.Timeout | undefined;
  /** Milliseconds that open streams have, once the server stops. */
  #drain: number | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#startOrWait();
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async stop(drain: number): Promise<void> {
    this.#drain = drain;
    clearTimeout(this.#timer);
    if (this.#child === undefined) return;
    this.#child.send({ case: "stop", drain });
    await endAll([this.#child], drain);
  }

  #start(): void {
    const child = startProcess(this.#options.fd, (message) => this.#hear(child, message));
    this.#child = child;
    this.#since = performance.now();
    this.#timer = setTimeout(() => child.kill(), CHILD_DEADLINE);
    void child.ended.then((how) => this.#died(how ?? "it stopped"));
  }

  #hear(child: Child, message: FromChild): void {
    const { number, log, served, address } = this.#options;
    switch (message.case) {
      case "running":
        if (this.#drain !== undefined) return child.send({ case: "stop", drain: this.#drain });
        return child.send({
          case: "serve",
          given: { case: "listener", fd: child.fd, address },
          options: served,
        });
      case "ready":
        clearTimeout(this.#timer);
        if (this.#wasReady) log.info({ worker: number, ...child.facts }, "worker is back");
        this.#wasReady = true;
        return this.#ready.resolve();
      case "connections":
        this.connections = message.connections;
        return;
      case "log":
        return log[message.level]({ ...message.facts, worker: number }, message.message);
      default:
    }
  }

  #died(how: string): void {
    const { number, log } = this.#options;
    clearTimeout(this.#timer);
    const facts = this.#child?.facts;
    this.#child = undefined;
    this.connections = 0;
    if (this.#drain !== undefined) return;
    if (!this.#wasReady) {
      const message = `worker ${number} could not start: ${how}`;
      return this.#ready.reject(new LeatError("INTERNAL", message));
    }
    if (performance.now() - this.#since > WORKER_YOUTH) this.#delay = RESTART_DELAY.least;
    log.warn({ worker: number, ...facts, how }, "worker died, another one follows");
    this.#timer = setTimeout(() => this.#startOrWait(), this.#delay);
    this.#delay = Math.min(2 * this.#delay, RESTART_DELAY.most);
  }

  #startOrWait(): void {
    try {
      this.#start();
    } catch (thrown) {
      this.#died(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
}
