/** The ways to serve that are compared. */
import { ServerProcess } from "../support/processes.ts";
import { childrenOf } from "./process-tree.ts";

export interface Way {
  /** As `who` of a measurement. */
  readonly name: string;
  readonly flags: readonly string[];
  /** One client at a time: no other client gets as far as a connection. */
  readonly oneAtATime?: boolean;
  /** Each client is a process or thread: tens of them are many. */
  readonly heavy?: boolean;
}

// The limit of the models stands in src/limits.ts. These are only not to be lower ones: all clients have one address.
const ROOM = ["--max-connections", "4096", "--max-connections-per-address", "4096"];

export const WAYS: readonly Way[] = [
  { name: "event loop", flags: ["--model", "event-loop", ...ROOM] },
  { name: "iterative", flags: ["--model", "iterative", ...ROOM], oneAtATime: true },
  { name: "processes", flags: ["--model", "processes", ...ROOM], heavy: true },
  { name: "threads", flags: ["--model", "threads", ...ROOM], heavy: true },
  { name: "workers", flags: ["--workers", "auto", ...ROOM] },
];

/** How long the last client's process or thread may take to be gone. */
const QUIET_DEADLINE = 20_000;

/** A server that is served one of the ways. */
export class Served implements AsyncDisposable {
  readonly way: Way;
  readonly #server: ServerProcess;
  /** From the start of the process to its line that it listens, in milliseconds. */
  readonly startup: number;
  /** Processes and threads that are not bound to one client. */
  readonly #staff: number;

  private constructor(way: Way, server: ServerProcess, startup: number) {
    this.way = way;
    this.#server = server;
    this.startup = startup;
    this.#staff = childrenOf(server.pid);
  }

  static async start(way: Way, library: string): Promise<Served> {
    const began = performance.now();
    const server = await ServerProcess.leat(library, "--durability", "none", ...way.flags);
    return new Served(way, server, performance.now() - began);
  }

  get pid(): number {
    return this.#server.pid;
  }

  get address(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  /** Resolves when nothing is left of the clients that have gone. */
  async quiet(): Promise<void> {
    const until = performance.now() + QUIET_DEADLINE;
    while (childrenOf(this.#server.pid) > this.#staff) {
      if (performance.now() > until) throw new Error(`${this.way.name}: children stayed behind`);
      await Bun.sleep(5);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}
