/** The counts of the processes or threads that serve for a server, of those that have ended, too. */
import { setTimeout as sleep } from "node:timers/promises";
import { COUNTS_DEADLINE } from "../../limits.ts";
import { type Counts, NO_COUNTS, addCounts, ofThePast } from "../metrics/counts.ts";
import type { Child, FromChild } from "./child-messages.ts";

interface Known {
  /** The last that came. */
  counts: Counts;
  /** Resolves when the next come, while they are waited for. */
  coming: PromiseWithResolvers<void> | undefined;
}

export class ChildCounts {
  readonly #children = new Map<Child, Known>();
  #ended = NO_COUNTS;

  add(child: Child): void {
    this.#children.set(child, { counts: NO_COUNTS, coming: undefined });
    void child.ended.then(() => this.#end(child));
  }

  onMessage(child: Child, message: FromChild): void {
    const known = this.#children.get(child);
    if (known === undefined || message.case !== "counts") return;
    known.counts = message.counts;
    known.coming?.resolve();
    known.coming = undefined;
  }

  /** Asks all of them. Those that do not answer in time count as they last did. */
  async sum(): Promise<Counts> {
    const late = new AbortController();
    const answers = Promise.all(
      [...this.#children].map(([child, known]) => this.#ask(child, known)),
    );
    await Promise.race([
      answers,
      sleep(COUNTS_DEADLINE, undefined, { signal: late.signal }).catch(() => {}),
    ]);
    late.abort();
    return [...this.#children.values()].reduce(
      (sum, { counts }) => addCounts(sum, counts),
      this.#ended,
    );
  }

  #ask(child: Child, known: Known): Promise<void> {
    if (known.coming === undefined) {
      known.coming = Promise.withResolvers();
      child.send({ case: "count" });
    }
    return known.coming.promise;
  }

  #end(child: Child): void {
    const known = this.#children.get(child);
    if (known === undefined) return;
    this.#children.delete(child);
    this.#ended = addCounts(this.#ended, ofThePast(known.counts));
    known.coming?.resolve();
  }
}
