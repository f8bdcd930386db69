/** The clients of a chaos run, in this process or in some that are killed. */
import { environment } from "../cli/support.ts";
import { act, type Note, type Part } from "./actor.ts";
import type { ProcessPlan } from "./client-process.ts";
import type { History } from "./history.ts";
import type { Plan } from "./plan.ts";
import type { Versions } from "./versions.ts";

export interface CrowdOptions {
  readonly address: string;
  readonly versions: Versions;
  readonly local: string;
  readonly history: History;
}

/** Milliseconds in which clients that were told to give up must have done so. */
const GIVEN_UP = 10_000;

export class Crowd implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #groups: Group[] = [];
  /** All have done all of their steps. Rejects with what no client may throw. */
  readonly ended: Promise<void>;

  constructor({ clients, processes }: Plan, options: CrowdOptions) {
    const parts = clients.map((steps, client) => ({ client, steps, from: 0 }));
    if (processes === 0) {
      const { history } = options;
      const actor = {
        ...options,
        note: (note: Note) => history.note(note),
        signal: this.#stop.signal,
      };
      this.ended = Promise.all(parts.map((part) => act(part, actor))).then(() => {});
    } else {
      for (let n = 0; n < processes; n += 1) {
        this.#groups.push(
          new Group(
            parts.filter(({ client }) => client % processes === n),
            options,
          ),
        );
      }
      this.ended = Promise.all(this.#groups.map(({ ended }) => ended)).then(() => {});
    }
    this.ended.catch(() => {});
  }

  /** Kills a process of clients, and starts it again: it goes on with what it was doing. */
  kill(which: number): boolean {
    return this.#groups[which % this.#groups.length]?.kill() ?? false;
  }

  /** Those who have not ended are told to. */
  async end(): Promise<void> {
    this.#stop.abort();
    for (const group of this.#groups) group.end();
    await Promise.race([this.ended.catch(() => {}), Bun.sleep(GIVEN_UP)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Clients that are killed together. */
class Group {
  readonly #options: CrowdOptions;
  /** What each client is to do, from the step at which it is. */
  readonly #parts: Map<number, Part>;
  readonly #ended = Promise.withResolvers<void>();
  readonly ended = this.#ended.promise;
  #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #again = false;

  constructor(parts: readonly Part[], options: CrowdOptions) {
    this.#options = options;
    this.#parts = new Map(parts.map((part) => [part.client, part]));
    this.#child = this.#start();
  }

  kill(): boolean {
    if (this.#child.exitCode !== null) return false;
    this.#again = true;
    this.#child.kill("SIGKILL");
    return true;
  }

  end(): void {
    this.#again = false;
    this.#child.kill("SIGKILL");
  }

  #start(): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const { address, versions, local } = this.#options;
    const plan: ProcessPlan = {
      address,
      parts: [...this.#parts.values()],
      versions: versions.folder,
      local,
    };
    const script = `${import.meta.dir}/client-process.ts`;
    const child = Bun.spawn([process.execPath, script, JSON.stringify(plan)], {
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    void this.#follow(child).catch(this.#ended.reject);
    return child;
  }

  async #follow(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
    const said = child.stderr.text();
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop()!;
      for (const line of lines) this.#note(JSON.parse(line) as Note);
    }
    const code = await child.exited;
    if (this.#again) {
      this.#again = false;
      this.#child = this.#start();
    } else if (code === 0 || child.signalCode === "SIGKILL") this.#ended.resolve();
    else this.#ended.reject(new Error(`a client process ended with ${code}: ${await said}`));
  }

  #note(note: Note): void {
    this.#options.history.note(note);
    if ("ended" in note) {
      const part = this.#parts.get(note.client)!;
      this.#parts.set(note.client, { ...part, from: note.step + 1 });
    }
  }
}
