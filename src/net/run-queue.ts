/**
 * Who may write now. All outboxes of a process share one queue, and one loop turn sends at most
 * about TURN_BUDGET bytes over all of them: however many peers take data as fast as they can, a
 * neighbour's request is read after about a millisecond.
 */
import { TURN_BUDGET } from "../limits.ts";

export interface Task {
  /** Writes at most about one buffer. @returns bytes written */
  run(): number;
  /** Whether it would write more right away. */
  readonly runnable: boolean;
}

export class RunQueue {
  readonly #tasks = new Set<Task>();
  readonly #budget: number;
  #left: number;
  #turnEnds = false;
  #scheduled = false;

  /** @param budget bytes a loop turn may write */
  constructor(budget = TURN_BUDGET) {
    this.#budget = budget;
    this.#left = budget;
  }

  /** Puts a task at the end, unless it waits already. It runs behind the current callback. */
  add(task: Task): void {
    this.#tasks.add(task);
    if (this.#scheduled || this.#left <= 0) return;
    this.#scheduled = true;
    queueMicrotask(this.#runTasks);
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  readonly #runTasks = (): void => {
    this.#scheduled = false;
    for (const task of this.#tasks) {
      if (this.#left <= 0) break;
      this.#tasks.delete(task);
      this.#left -= task.run();
      // A Set visits what is added while it is walked: behind all others.
      if (task.runnable) this.#tasks.add(task);
    }
    if (this.#left < this.#budget && !this.#turnEnds) {
      this.#turnEnds = true;
      setImmediate(this.#nextTurn);
    }
  };

  readonly #nextTurn = (): void => {
    this.#turnEnds = false;
    this.#left = this.#budget;
    if (this.#tasks.size > 0) this.#runTasks();
  };
}
