/** A process or thread for each client: started when it comes, gone when it is gone. */
import { setTimeout as sleep } from "node:timers/promises";
import { CHILD_DEADLINE } from "../../limits.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log/log.ts";
import type { ClientServers } from "../loop/leat-server.ts";
import {
  type Child,
  type ChildOptions,
  type FromChild,
  type StartChild,
  childOptions,
} from "./child-messages.ts";
import { startProcess } from "./processes.ts";
import { startThread } from "./threads.ts";

/** @returns what serves the clients of a host; undefined where its model serves them on its own loop */
export function clientServers(host: Host): ClientServers | undefined {
  const { settings, capacity, log } = host;
  if (settings.model !== "processes" && settings.model !== "threads") return undefined;
  return new Clients({
    start: settings.model === "processes" ? startProcess : startThread,
    served: {
      ...childOptions(settings, capacity.connections),
      maxOpenFiles: capacity.files.total,
    },
    log,
  });
}

interface ClientsOptions {
  readonly start: StartChild;
  readonly served: ChildOptions;
  readonly log: Log;
}

class Clients implements ClientServers {
  readonly #options: ClientsOptions;
  readonly #children = new Set<Child>();
  /** Those of them that know whom they serve. */
  readonly #serving = new WeakSet<Child>();
  /** Milliseconds that open streams have, once the server stops. */
  #drain: number | undefined;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** Clients that are served, or will be in a moment. */
  get size(): number {
    return this.#children.size;
  }

  /** Has an accepted socket served. @returns false when nobody could be started for it */
  readonly take = (fd: number, peer: string): boolean => {
    try {
      const child = this.#options.start(fd, (message) => this.#hear(child, peer, message));
      this.#children.add(child);
      void this.#watch(child, peer);
      return true;
    } catch (err) {
      this.#options.log.error({ peer, err }, "nobody could be started to serve a client");
      return false;
    }
  };

  /** Resolves when all are gone. @param drain milliseconds for open streams */
  async stop(drain: number): Promise<void> {
    this.#drain = drain;
    const children = [...this.#children];
    // A child that has only been started is told when it runs: its client has to be told, too.
    for (const child of children) if (this.#serving.has(child)) child.send({ case: "stop", drain });
    await endAll(children, drain);
  }

  #hear(child: Child, peer: string, message: FromChild): void {
    const { log, served } = this.#options;
    if (message.case === "log") {
      for (const line of message.lines) {
        // How many it serves is no news: it is the one.
        const { connections: _one, ...facts } = line.facts as { connections?: number };
        log[line.level]({ ...facts, ...child.facts }, line.message);
      }
    } else if (message.case === "running") {
      const given = { case: "client", fd: child.fd, peer } as const;
      child.send({ case: "serve", given, options: served });
      this.#serving.add(child);
      if (this.#drain !== undefined) child.send({ case: "stop", drain: this.#drain });
    }
  }

  async #watch(child: Child, peer: string): Promise<void> {
    const how = await child.ended;
    this.#children.delete(child);
    if (how === undefined) return;
    this.#options.log.warn({ peer, ...child.facts, how }, "the process or thread of a client died");
  }
}

/** Waits for children that were told to stop; who does not is ended. @param drain milliseconds */
export async function endAll(children: readonly Child[], drain: number): Promise<void> {
  const ended = Promise.all(children.map((child) => child.ended));
  const late = new AbortController();
  await Promise.race([
    ended,
    sleep(drain + CHILD_DEADLINE, undefined, { signal: late.signal }).catch(() => {}),
  ]);
  late.abort();
  for (const child of children) child.kill();
  await ended;
}
