/** Asks for the facts of the next roots while one is looked at: in a long list, each would wait for its answer. */
import { ROOTS_AHEAD } from "../../limits.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { TreeRoot } from "./tree.ts";

export class RootsAhead {
  readonly #roots: readonly TreeRoot[];
  readonly #ask: (root: TreeRoot) => Promise<Entry>;
  /** Of those that were asked about, and not looked at. */
  readonly #answers = new Map<TreeRoot, Promise<Entry>>();
  #next = 0;

  /** @param roots in the order in which they are looked at; others can be, too */
  constructor(roots: readonly TreeRoot[], ask: (root: TreeRoot) => Promise<Entry>) {
    this.#roots = roots;
    this.#ask = ask;
  }

  /** @throws NOT_FOUND, … */
  factsOf(root: TreeRoot): Promise<Entry> {
    while (this.#next < this.#roots.length && this.#answers.size <= ROOTS_AHEAD) {
      const each = this.#roots[this.#next++]!;
      const answer = this.#ask(each);
      answer.catch(() => {}); // it is thrown when its turn comes, if the run goes on until then
      this.#answers.set(each, answer);
    }
    const answer = this.#answers.get(root) ?? this.#ask(root);
    this.#answers.delete(root);
    return answer;
  }
}
