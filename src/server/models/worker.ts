/** One worker process, from its start to its end. */
import { LeatError } from "../../errors.ts";
import { CHILD_DEADLINE } from "../../limits.ts";
import type { Address } from "../../net/transport.ts";
import type { Log } from "../log/log.ts";
import type { Child, ChildOptions, FromChild } from "./child-messages.ts";
import { endAll } from "./clients.ts";
import { startProcess } from "./processes.ts";

export interface WorkerOptions {
  /** The place it fills, from 1. */
  readonly number: number;
  readonly served: ChildOptions;
  /** The listening socket. */
  readonly fd: number;
  readonly address: Address;
  readonly log: Log;
}

export class Worker {
  /** Its clients. */
  connections = 0;
  readonly since = performance.now();
  /** Resolves when it accepts. @throws INTERNAL: it ended before */
  readonly ready: Promise<void>;
  /** Resolves when it is gone: how it ended. */
  readonly ended: Promise<string>;
  readonly #options: WorkerOptions;
  readonly #child: Child;
  readonly #becomeReady: () => void;
  /** Milliseconds that open streams have, once it is to stop. */
  #drain: number | undefined;

  /** @throws what starting a process throws */
  constructor(options: WorkerOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#child = startProcess(options.fd, (message) => this.#hear(message));
    const late = setTimeout(() => this.#child.kill(), CHILD_DEADLINE);
    this.#becomeReady = () => {
      clearTimeout(late);
      resolve();
    };
    this.ready = promise;
    this.ready.catch(() => {}); // who asks is told, and nobody has to
    this.ended = this.#child.ended.then((how = "it stopped") => {
      clearTimeout(late);
      this.connections = 0;
      reject(new LeatError("INTERNAL", `worker ${options.number} could not start: ${how}`));
      return how;
    });
  }

  /** Which one it is, for logs. */
  get facts(): object {
    return { worker: this.#options.number, ...this.#child.facts };
  }

  /** It accepts nobody new, and is gone when its clients are, or when this resolves. */
  async stop(drain: number): Promise<void> {
    this.#drain = drain;
    this.#child.send({ case: "stop", drain });
    await endAll([this.#child], drain);
  }

  #hear(message: FromChild): void {
    const { served, address, log } = this.#options;
    const child = this.#child;
    switch (message.case) {
      case "running":
        if (this.#drain !== undefined) return child.send({ case: "stop", drain: this.#drain });
        return child.send({
          case: "serve",
          given: { case: "listener", fd: child.fd, address },
          options: served,
        });
      case "ready":
        return this.#becomeReady();
      case "connections":
        this.connections = message.connections;
        return;
      case "log":
        for (const { level, facts, message: text } of message.lines) {
          log[level]({ ...facts, worker: this.#options.number }, text);
        }
        return;
      default:
    }
  }
}
