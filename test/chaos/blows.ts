/** What strikes a chaos run from outside: kills, and moments in which nothing moves. */
import type { FaultProxy } from "../support/fault-proxy.ts";
import type { Crowd } from "./crowd.ts";
import type { History } from "./history.ts";
import type { Blow, Plan } from "./plan.ts";
import type { Serving } from "./serving.ts";

export interface Struck {
  readonly serving: Serving;
  readonly proxy: FaultProxy;
  readonly crowd: Crowd;
  readonly history: History;
}

/** Milliseconds between two looks at how far the clients are. */
const LOOK = 2;

export class Blows {
  /** How many of each there were. */
  readonly done: Partial<Record<Blow["what"], number>> = {};
  readonly #struck: Struck;
  readonly #all: Promise<void>;
  #over = false;

  constructor({ blows }: Plan, struck: Struck) {
    this.#struck = struck;
    this.#all = this.#run(blows);
    this.#all.catch(() => {});
  }

  /** Those that have not come yet do not come any more. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#all;
  }

  async #run(blows: readonly Blow[]): Promise<void> {
    const { history } = this.#struck;
    for (const blow of blows) {
      while (history.begun < blow.steps && !this.#over) await Bun.sleep(LOOK);
      await Bun.sleep(blow.after);
      if (this.#over) return;
      if (await this.#strike(blow)) this.done[blow.what] = (this.done[blow.what] ?? 0) + 1;
    }
  }

  /** @returns whether there was something to strike */
  async #strike({ what, lasts, which }: Blow): Promise<boolean> {
    const { serving, proxy, crowd } = this.#struck;
    if (what === "kill-client") return crowd.kill(which);
    if (what === "kill-worker") return serving.killWorker(which);
    if (what === "stop-server") {
      await serving.pause(lasts);
      return true;
    }
    await serving.kill();
    await serving.restart();
    proxy.port = serving.port;
    return true;
  }
}
