/** Joins the walks of two folders into pairs of the same name. Both give names in the same order, so that nothing is kept. */
import { isBefore } from "../calls/page.ts";
import type { Walk, Walked } from "../local/local-walk.ts";

/** What both sides have of a name; or a report of one side. At least one of them is there. */
export interface Pair {
  readonly depth: number;
  readonly source: Walked | undefined;
  readonly target: Walked | undefined;
}

export class Merge implements Disposable {
  readonly #source: Ahead;
  readonly #target: Ahead;

  constructor(source: Walk, target: Walk) {
    this.#source = new Ahead(source);
    this.#target = new Ahead(target);
  }

  /** @returns the next pair; undefined where `more` is to be waited for */
  next(): Pair | undefined {
    const source = this.#source.peek();
    const target = this.#target.peek();
    if (source === undefined && !this.#source.isOver) return undefined;
    if (target === undefined && !this.#target.isOver) return undefined;
    const order = orderOf(source, target);
    if (order <= 0) this.#source.take();
    if (order >= 0) this.#target.take();
    const first = order <= 0 ? source : target;
    if (first === undefined) return undefined;
    return {
      depth: first.depth,
      source: order <= 0 ? source : undefined,
      target: order >= 0 ? target : undefined,
    };
  }

  /** The permission bits that can be set in the target. */
  get modeBits(): number {
    return this.#target.walk.modeBits ?? 0;
  }

  /**
   * Passes over the files in the folder of this depth that come next, and have the same size, time and permission bits on
   * both sides. Their names go up, as those of the local walk do.
   */
  passSame(
    depth: number,
    modeBits: number,
    tally: { unchanged(file: Pick<Walked, "size">): void },
  ): void {
    if (this.#source.isAhead || this.#target.isAhead) return;
    const { walk: source } = this.#source;
    const { walk: target } = this.#target;
    const [remote, local] = source.takeFiles === undefined ? [target, source] : [source, target];
    remote.takeFiles?.(depth, (file) => {
      const isSame = local.passSame?.(depth, file, modeBits) === true;
      if (isSame) tally.unchanged(file);
      return isSame;
    });
  }

  /** Waits for more. @returns whether there is any @throws what ended a walk */
  async more(): Promise<boolean> {
    await Promise.all([this.#source.more(), this.#target.more()]);
    return !(this.#source.isOver && this.#target.isOver);
  }

  /** Leaves out what is below the last pair, where a walk can do that. */
  skip(): void {
    this.#source.skip();
    this.#target.skip();
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
    this.#target[Symbol.dispose]();
  }
}

/** A walk whose next item is known. */
class Ahead implements Disposable {
  readonly walk: Walk;
  #next: Walked | undefined;
  #wasTaken = false;
  isOver = false;

  constructor(walk: Walk) {
    this.walk = walk;
  }

  /** Whether the next item was looked at. */
  get isAhead(): boolean {
    return this.#next !== undefined || this.isOver;
  }

  peek(): Walked | undefined {
    if (this.#next === undefined && !this.isOver) {
      this.#next = this.walk.next();
      this.#wasTaken = false;
    }
    return this.#next;
  }

  take(): void {
    this.#next = undefined;
    this.#wasTaken = true;
  }

  async more(): Promise<void> {
    if (this.#next === undefined && !this.isOver) this.isOver = !(await this.walk.more());
  }

  /** Only where the item was of the last pair: what was given since then is not left out. */
  skip(): void {
    if (this.#wasTaken && !this.isOver) this.walk.skip();
  }

  [Symbol.dispose](): void {
    this.walk[Symbol.dispose]();
  }
}

/** Negative where the source comes first, positive where the target does, 0 for the same name. */
function orderOf(source: Walked | undefined, target: Walked | undefined): number {
  if (source === undefined) return target === undefined ? 0 : 1;
  if (target === undefined) return -1;
  // A deeper entry is in a folder that the other side does not have, or has left.
  if (source.depth !== target.depth) return target.depth - source.depth;
  if (source.name === target.name) return source.name === "" ? -1 : 0;
  return source.name === "" || (target.name !== "" && isBefore(source.name, target.name)) ? -1 : 1;
}
