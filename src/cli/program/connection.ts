/** The connection of the commands: made for the first that needs it, and again after it was lost. */
import type { Client } from "../../client/client.ts";
import { connectAhead } from "../../client/connect.ts";
import type { RequestInit } from "../../client/connection/link.ts";
import type { ClientCredentials, ConnectOptions } from "../../client/connection/options.ts";
import type { Stall } from "../../connection/stalls.ts";
import { RETRY_DEADLINE } from "../../limits.ts";
import { type ClientTlsFlags, readClientTls } from "./tls-files.ts";

/** Milliseconds that closing may take. */
const CLOSE_DEADLINE = 500;

/** Milliseconds before the same line is printed once more, and lines that are remembered for that. */
const REPEAT_AFTER = 30_000;
const MOST_REMEMBERED = 100;

interface ConnectionOptions extends ClientTlsFlags {
  readonly server: string;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Whether to try again when the connection is lost, or the server has no room. */
  readonly retry: boolean;
  /** Called with a line about each try. */
  readonly onRetry: (line: string) => void;
  /** Finds the credentials, and may ask for a password. */
  readonly credentials: (signal: AbortSignal) => Promise<ClientCredentials | undefined>;
  /** Bytes a second. */
  readonly limitRate?: number;
  /** The words of the program for `ssh://`, and the program that it starts there. */
  readonly ssh: readonly string[];
  readonly remoteLeat: string;
  /** Called with each line that ssh, or the other machine, writes to stderr. */
  readonly onLine: (line: string) => Promise<void>;
}

/** The reason why a transfer does not move, for its progress line. */
const WAITS: Readonly<Record<Stall["wait"], string>> = {
  credit: "waits for the server to take more",
  network: "waits for the network",
  peer: "waits for the disk of the server",
  silence: "no word from the server",
  local: "waits for the local disk, or a pipe",
  commit: "waits for the server to put it on disk",
};

const CONNECTING = new WeakSet<Error>();

/** Whether a command failed before it was connected: that is about no name, and the next one would fail, too. */
export function isConnecting(error: unknown): boolean {
  return error instanceof Error && CONNECTING.has(error);
}

export class Connection {
  readonly #options: ConnectionOptions;
  /** Called when the connection is lost while no command uses it. */
  readonly #onLost: () => void;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  /** Asked for once. */
  #credentials: Promise<ClientCredentials | undefined> | undefined;
  /** When lines about tries were printed last. */
  readonly #printed = new Map<string, number>();
  /** The connection whose end calls `onLost`. */
  #watched: Promise<void> | undefined;

  constructor(options: ConnectionOptions, onLost: () => void = () => {}) {
    this.#options = options;
    this.#onLost = onLost;
  }

  get server(): string {
    return this.#options.server;
  }

  /** Why nothing moves: `waits for the disk of the server, 12 s`; undefined while something does. */
  get stall(): string | undefined {
    const stall = this.#client?.stall;
    return stall && `${WAITS[stall.wait]}, ${Math.round(stall.still / 1000)} s`;
  }

  /**
   * @param ahead the first request that is made then: it is sent as soon as there is a connection
   * @throws UNAVAILABLE, DEADLINE_EXCEEDED, PROTOCOL_ERROR, …
   */
  async client(signal: AbortSignal, ahead?: RequestInit): Promise<Client> {
    if (this.#client?.isOver === false) {
      this.#watch(this.#client);
      return this.#client;
    }
    this.#connecting ??= this.#connect(signal, ahead);
    try {
      return await this.#connecting;
    } catch (thrown) {
      if (thrown instanceof Error) CONNECTING.add(thrown);
      throw thrown;
    } finally {
      this.#connecting = undefined;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await Promise.race([client.close(), Bun.sleep(CLOSE_DEADLINE)]);
  }

  async #connect(signal: AbortSignal, ahead: RequestInit | undefined): Promise<Client> {
    const { server, timeout, limitRate, retry, onRetry, ssh, remoteLeat, onLine } = this.#options;
    const tls = readClientTls(this.#options);
    await this.close();
    this.#credentials ??= this.#options.credentials(signal);
    const credentials = await this.#credentials;
    const options: ConnectOptions = {
      credentials,
      ...(tls === undefined ? {} : { tls }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(limitRate === undefined ? {} : { limitRate }),
      ssh: { command: ssh, remoteLeat, onLine },
      signal,
      retry: retry ? RETRY_DEADLINE : 0,
      onRetry: (error, delay) => {
        const line = `${error.message}; trying again${inSeconds(delay)}`;
        if (this.#isNews(line)) onRetry(line);
      },
    };
    const client = await connectAhead(server, options, ahead);
    this.#client = client;
    this.#watch(client);
    return client;
  }

  /** Several transfers meet the same failure, with each of their tries. */
  #isNews(line: string): boolean {
    const now = performance.now();
    const before = this.#printed.get(line);
    if (this.#printed.size >= MOST_REMEMBERED) this.#printed.clear();
    this.#printed.set(line, now);
    return before === undefined || now - before > REPEAT_AFTER;
  }

  /** Calls `onLost` when it ends. The client may have made another connection since the last call. */
  #watch(client: Client): void {
    const { closed } = client;
    if (this.#watched === closed) return;
    this.#watched = closed;
    void closed.then(() => {
      if (this.#client === client && this.#watched === closed) this.#onLost();
    });
  }
}

/** Nothing where it is too short to be noticed. */
function inSeconds(milliseconds: number): string {
  return milliseconds < 1000 ? "" : ` in ${Math.round(milliseconds / 1000)} s`;
}
