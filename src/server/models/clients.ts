/** A process or thread for each client: started when the client comes, ended when it leaves. */
import { setTimeout as sleep } from "node:timers/promises";
import { CHILD_DEADLINE } from "../../limits.ts";
import type { Guests } from "../host/guests.ts";
import type { Host } from "../host/host.ts";
import { type Log, kindsOf } from "../log/log.ts";
import type { Changed } from "../options/options.ts";
import type { ClientServers } from "../loop/leat-server.ts";
import type { Counts } from "../metrics/counts.ts";
import { ChildCounts } from "./child-counts.ts";
import {
  type Child,
  type ChildOptions,
  type FromChild,
  type StartChild,
  childOptions,
} from "./child-messages.ts";
import { startProcess } from "./processes.ts";
import { startThread } from "./threads.ts";

/** @returns undefined for models whose clients are served on the host's own loop */
export function clientServers(host: Host): ClientServers | undefined {
  const { model } = host.settings;
  if (model !== "processes" && model !== "threads") return undefined;
  return new Clients(host, model === "processes" ? startProcess : startThread);
}

class Clients implements ClientServers {
  readonly #start: StartChild;
  #served: ChildOptions;
  readonly #guests: Guests;
  readonly #log: Log;
  readonly #children = new Set<Child>();
  readonly #counts = new ChildCounts();
  /** Those of them that have been given their client. */
  readonly #serving = new Set<Child>();
  /** Milliseconds that open streams have, once the server stops. */
  #drain: number | undefined;

  constructor({ settings, capacity, guests, log }: Host, start: StartChild) {
    this.#guests = guests;
    this.#start = start;
    const maxOpenFiles = capacity.files.total;
    this.#served = { ...childOptions(settings, capacity.connections), maxOpenFiles };
    this.#log = log;
  }

  get size(): number {
    return this.#children.size;
  }

  take(fd: number, peer: string, onEnded: () => void): boolean {
    try {
      const child = this.#start(fd, (message) => this.#onMessage(child, peer, message));
      this.#children.add(child);
      this.#counts.add(child);
      void this.#watch(child, peer).finally(onEnded);
      return true;
    } catch (err) {
      this.#log.error({ peer, err }, "no process or thread could be started for a client");
      return false;
    }
  }

  counts(): Promise<Counts> {
    return this.#counts.sum();
  }

  async stop(drain: number): Promise<void> {
    this.#drain = drain;
    const children = [...this.#children];
    // A child that is only starting gets the message when it runs: its client has to learn of it, too.
    for (const child of children) if (this.#serving.has(child)) child.send({ case: "stop", drain });
    await endAll(children, drain);
  }

  reload({ tls = this.#served.tls }: Changed): void {
    const logKinds = kindsOf(this.#log);
    this.#served = { ...this.#served, tls, logKinds };
    for (const child of this.#serving) child.send({ case: "reload", changed: {}, logKinds });
  }

  #onMessage(child: Child, peer: string, message: FromChild): void {
    this.#counts.onMessage(child, message);
    if (message.case === "log") {
      for (const line of message.lines) {
        // How many it serves says nothing: it is always one.
        const { connections: _one, ...facts } = line.facts as { connections?: number };
        this.#log[line.kind]?.({ ...facts, ...child.facts }, line.message);
      }
    } else if (message.case === "running") {
      const socket = { case: "client", fd: child.fd, peer } as const;
      const options = { ...this.#served, userRecords: this.#guests.records };
      child.send({ case: "serve", socket, options });
      this.#serving.add(child);
      if (this.#drain !== undefined) child.send({ case: "stop", drain: this.#drain });
    }
  }

  async #watch(child: Child, peer: string): Promise<void> {
    const how = await child.ended;
    this.#children.delete(child);
    this.#serving.delete(child);
    if (how === undefined) return;
    this.#log.warn({ peer, ...child.facts, how }, "the process or thread of a client died");
  }
}

/** Waits for children that were asked to stop, and kills those that do not. @param drain milliseconds */
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
