/** One worker process, from its start to its end. */
import { LeatError } from "../../errors.ts";
import { CHILD_DEADLINE } from "../../limits.ts";
import type { Address } from "../../net/transport.ts";
import type { Log } from "../log/log.ts";
import type { Changed } from "../options/options.ts";
import type { Child, ChildOptions, FromChild } from "./child-messages.ts";
import type { ChildCounts } from "./child-counts.ts";
import { endAll } from "./clients.ts";
import { startProcess } from "./processes.ts";

export interface WorkerOptions {
  /** The number of its slot, from 1. */
  readonly number: number;
  /** What holds for a worker that starts now. */
  readonly served: () => ChildOptions;
  readonly fd: number;
  readonly address: Address;
  readonly log: Log;
  readonly counts: ChildCounts;
}

export class Worker {
  connections = 0;
  readonly since = performance.now();
  /** Resolves when it accepts. @throws INTERNAL: it ended before */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  readonly #options: WorkerOptions;
  readonly #child: Child;
  readonly #becomeReady: () => void;
  /** Milliseconds that open streams have, once it was asked to stop. */
  #drain: number | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#child = startProcess(options.fd, (message) => this.#onMessage(message));
    options.counts.add(this.#child);
    const late = setTimeout(() => this.#child.kill(), CHILD_DEADLINE);
    this.#becomeReady = () => {
      clearTimeout(late);
      resolve();
    };
    this.ready = promise;
    this.ready.catch(() => {}); // no caller has to handle it
    this.ended = this.#child.ended.then((how = "it stopped") => {
      clearTimeout(late);
      this.connections = 0;
      reject(new LeatError("INTERNAL", `worker ${options.number} could not start: ${how}`));
      return how;
    });
  }

  /** Its number and process, for logs. */
  get facts(): object {
    return { worker: this.#options.number, ...this.#child.facts };
  }

  reload(changed: Changed): void {
    this.#child.send({ case: "reload", changed, logKinds: this.#options.served().logKinds });
  }

  /** Stops accepting; resolves when its clients have left, or were cut, and it has ended. */
  async stop(drain: number): Promise<void> {
    this.#drain = drain;
    this.#child.send({ case: "stop", drain });
    await endAll([this.#child], drain);
  }

  #onMessage(message: FromChild): void {
    const { served, address, log, counts } = this.#options;
    const child = this.#child;
    counts.onMessage(child, message);
    switch (message.case) {
      case "running":
        if (this.#drain !== undefined) return child.send({ case: "stop", drain: this.#drain });
        return child.send({
          case: "serve",
          socket: { case: "listener", fd: child.fd, address },
          options: served(),
        });
      case "ready":
        return this.#becomeReady();
      case "connections":
        this.connections = message.connections;
        return;
      case "log":
        for (const line of message.lines) {
          log[line.kind]?.({ ...line.facts, worker: this.#options.number }, line.message);
        }
        return;
      default:
    }
  }
}
