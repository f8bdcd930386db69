/** One client of a chaos run: does its steps one after another, and notes how each ended. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, connect, type ErrorCode, LeatError } from "../../src/index.ts";
import type { Step } from "./plan.ts";
import { type Digest, digestOf, type Versions } from "./versions.ts";

/** How a step ended. */
export type Ending =
  | {
      readonly how: "done";
      readonly found?: Digest;
      readonly entries?: [name: string, size: number][];
    }
  /** An upload that leaves what is there. */
  | { readonly how: "skipped" }
  | { readonly how: "failed"; readonly code: ErrorCode; readonly message: string };

/** What a client tells of itself; `at` is in milliseconds since 1970. */
export type Note = { readonly client: number; readonly step: number; readonly at: number } & (
  { readonly begun: Step } | { readonly ended: Ending; readonly resumes: number }
);

export interface Part {
  readonly client: number;
  readonly steps: readonly Step[];
  /** The first that is to be done. */
  readonly from: number;
}

export interface ActorOptions {
  readonly address: string;
  readonly versions: Versions;
  /** Where downloads go. */
  readonly local: string;
  readonly note: (note: Note) => void;
  /** Ends all of it. */
  readonly signal: AbortSignal;
}

/** Milliseconds that a client goes on trying while nothing moves. */
const RETRY = 8_000;
const CONNECT_TIMEOUT = 3_000;
const CONNECT_TRIES = 60;
const CONNECT_PAUSE = 50;

export async function act({ client: number, steps, from }: Part, options: ActorOptions) {
  const { note, signal } = options;
  const client = await connected(options);
  if (client === undefined) return;
  try {
    for (let step = from; step < steps.length && !signal.aborted; step += 1) {
      const begun = steps[step]!;
      note({ client: number, step, at: now(), begun });
      const doing = new Doing(client, number, options);
      const ended = await doing.end(begun);
      note({ client: number, step, at: now(), ended, resumes: doing.resumes });
    }
  } finally {
    await client.close();
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The first connection may be cut, too: it is asked for again, by us. */
async function connected({ address, signal }: ActorOptions): Promise<Client | undefined> {
  for (let left = CONNECT_TRIES; ; left -= 1) {
    try {
      return await connect(address, { retry: RETRY, timeout: CONNECT_TIMEOUT, signal });
    } catch (thrown) {
      if (signal.aborted) return undefined;
      if (left === 0) throw thrown;
      await Bun.sleep(CONNECT_PAUSE);
    }
  }
}

class Doing {
  readonly #client: Client;
  readonly #number: number;
  readonly #options: ActorOptions;
  /** How often something went on where it was interrupted. */
  resumes = 0;

  constructor(client: Client, number: number, options: ActorOptions) {
    this.#client = client;
    this.#number = number;
    this.#options = options;
  }

  async end(step: Step): Promise<Ending> {
    const { giveUp } = step;
    const signals = [this.#options.signal];
    if (giveUp !== undefined) signals.push(AbortSignal.timeout(giveUp));
    try {
      return await this.#do(step, AbortSignal.any(signals));
    } catch (thrown) {
      if (!(thrown instanceof LeatError)) throw thrown;
      return { how: "failed", code: thrown.code, message: thrown.message };
    }
  }

  async #do(step: Step, signal: AbortSignal): Promise<Ending> {
    const client = this.#client;
    switch (step.do) {
      case "put":
        return await this.#put(step, signal);
      case "get":
        return await this.#get(step, signal);
      case "remove":
        await client.remove(step.name, { signal });
        return { how: "done" };
      case "rename":
        await client.rename(step.name, step.to, { signal, replace: step.replace });
        return { how: "done" };
      case "list":
        return await this.#list(signal);
    }
  }

  async #put(step: Extract<Step, { do: "put" }>, signal: AbortSignal): Promise<Ending> {
    const { name, version, ifExists, stream } = step;
    const file = Bun.file(this.#options.versions.path(version));
    const receipt = await this.#client.put(name, stream === true ? file.stream() : file, {
      ifExists,
      signal,
      onResume: (offset) => (this.resumes += offset > 0 ? 1 : 0),
    });
    return { how: receipt.skipped ? "skipped" : "done" };
  }

  async #get(step: Extract<Step, { do: "get" }>, signal: AbortSignal): Promise<Ending> {
    const { name, memory } = step;
    if (memory === true) {
      const download = await this.#client.get(name, { signal });
      return { how: "done", found: digestOf(await download.bytes()) };
    }
    const folder = join(this.#options.local, String(this.#number));
    mkdirSync(folder, { recursive: true });
    const target = join(folder, name);
    await this.#client.download(name, target, {
      signal,
      onResume: (offset) => (this.resumes += offset > 0 ? 1 : 0),
    });
    return { how: "done", found: digestOf(readFileSync(target)) };
  }

  async #list(signal: AbortSignal): Promise<Ending> {
    const entries: [string, number][] = [];
    for await (const { name, size } of this.#client.list("", { signal, hidden: true })) {
      entries.push([name, size]);
    }
    return { how: "done", entries };
  }
}
