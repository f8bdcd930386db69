/** The connection behind the commands: made when first needed, and anew after it was lost. */
import type { Client } from "../client/client.ts";
import { connect } from "../client/connect.ts";

/** How long an end may take that nobody waits for, in milliseconds. */
const GOODBYE = 500;

export interface ConnectionOptions {
  readonly server: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export class Connection {
  readonly #options: ConnectionOptions;
  /** The connection was lost while nothing was asked of it. */
  readonly #onLost: () => void;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;

  constructor(options: ConnectionOptions, onLost: () => void = () => {}) {
    this.#options = options;
    this.#onLost = onLost;
  }

  get server(): string {
    return this.#options.server;
  }

  /** @throws UNAVAILABLE, DEADLINE_EXCEEDED, PROTOCOL_ERROR, … */
  async client(signal: AbortSignal): Promise<Client> {
    if (this.#client?.isOver === false) return this.#client;
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
    const { server, timeout } = this.#options;
    const client = await connect(server, { timeout, signal });
    this.#client = client;
    void client.closed.then(() => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#onLost();
    });
    return client;
  }
}
