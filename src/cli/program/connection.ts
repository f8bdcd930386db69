/** The connection behind the commands: made when first needed, and anew after it was lost. */
import type { Client } from "../../client/client.ts";
import { connect } from "../../client/connect.ts";
import type { Stall } from "../../connection/stalls.ts";
import { RETRY_DEADLINE } from "../../limits.ts";

/** How long an end may take that nobody waits for, in milliseconds. */
const GOODBYE = 500;

/** Milliseconds after which the same line is worth saying once more, and lines that are remembered. */
const OLD_NEWS = 30_000;
const MOST_SAID = 100;

export interface ConnectionOptions {
  readonly server: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether to go on when the connection is lost, or the server has no room. */
  readonly retry: boolean;
  /** A line about it. */
  readonly onRetry: (line: string) => void;
}

/** What a transfer waits for, in its line. */
const WAITS: Readonly<Record<Stall["wait"], string>> = {
  credit: "waits for the server to take more",
  network: "waits for the network",
  peer: "waits for the disk of the server",
  silence: "no word from the server",
  local: "waits for the disk, or a pipe, here",
  commit: "waits for the server to put it on disk",
};

export class Connection {
  readonly #options: ConnectionOptions;
  /** The connection was lost while nothing was asked of it. */
  readonly #onLost: () => void;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  /** Lines about tries, and when they came last. */
  readonly #said = new Map<string, number>();
  /** The end that is waited for. */
  #watched: Promise<void> | undefined;

  constructor(options: ConnectionOptions, onLost: () => void = () => {}) {
    this.#options = options;
    this.#onLost = onLost;
  }

  get server(): string {
    return this.#options.server;
  }

  /** Why nothing moves, when that is so: `waits for the disk of the server, 12 s`. */
  get stall(): string | undefined {
    const stall = this.#client?.stall;
    return stall && `${WAITS[stall.wait]}, ${Math.round(stall.still / 1000)} s`;
  }

  /** @throws UNAVAILABLE, DEADLINE_EXCEEDED, PROTOCOL_ERROR, … */
  async client(signal: AbortSignal): Promise<Client> {
    if (this.#client?.isOver === false) {
      this.#watch(this.#client);
      return this.#client;
    }
    this.#connecting ??= this.#connect(signal);
    try {
      return await this.#connecting;
    } finally {
      this.#connecting = undefined;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await Promise.race([client.close(), Bun.sleep(GOODBYE)]);
  }

  async #connect(signal: AbortSignal): Promise<Client> {
    const { server, timeout, retry, onRetry } = this.#options;
    await this.close();
    const client = await connect(server, {
      timeout,
      signal,
      retry: retry ? RETRY_DEADLINE : 0,
      onRetry: (error, delay) => {
        const line = `${error.message}; trying again${inSeconds(delay)}`;
        if (this.#isNews(line)) onRetry(line);
      },
    });
    this.#client = client;
    this.#watch(client);
    return client;
  }

  /** Each of several transfers meets the same failure, and again with each try. */
  #isNews(line: string): boolean {
    const now = performance.now();
    const before = this.#said.get(line);
    if (this.#said.size >= MOST_SAID) this.#said.clear();
    this.#said.set(line, now);
    return before === undefined || now - before > OLD_NEWS;
  }

  /** Tells when it is lost; it may have made another connection since it was looked at. */
  #watch(client: Client): void {
    const { closed } = client;
    if (this.#watched === closed) return;
    this.#watched = closed;
    void closed.then(() => {
      if (this.#client === client && this.#watched === closed) this.#onLost();
    });
  }
}

/** Nothing to say of what a person does not notice. */
function inSeconds(milliseconds: number): string {
  return milliseconds < 1000 ? "" : ` in ${Math.round(milliseconds / 1000)} s`;
}
