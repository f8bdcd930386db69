/**
 * Decides which outbox writes next. All of a process share one queue, and one turn of the event loop
 * sends at most about TURN_BUDGET bytes: however many peers take data as fast as they can, a
 * neighbour's request is read after about a millisecond. Answers go before data, so that they do not
 * wait for a run of each outbox; but while data waits, they get no more than half a turn.
 */
import { TURN_BUDGET } from "../limits.ts";
import { nextTurn } from "../next-turn.ts";

export interface Task {
  /** Writes at most about one buffer. @returns bytes written */
  run(): number;
  /** Whether it would write more right away. */
  readonly runnable: boolean;
  /** Whether that would begin with an answer. */
  readonly urgent: boolean;
}

export class RunQueue {
  /** Each is in one of the two. */
  readonly #urgent = new Set<Task>();
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
    this.#put(task);
    if (this.#scheduled || this.#left <= 0) return;
    this.#scheduled = true;
    queueMicrotask(this.#runTasks);
  }

  remove(task: Task): void {
    this.#urgent.delete(task);
    this.#tasks.delete(task);
  }

  #put(task: Task): void {
    if (!task.urgent) {
      if (!this.#urgent.has(task)) this.#tasks.add(task);
      return;
    }
    this.#tasks.delete(task);
    this.#urgent.add(task);
  }

  readonly #runTasks = (): void => {
    this.#scheduled = false;
    this.#runSome(this.#urgent, this.#budget / 2);
    this.#runSome(this.#tasks, 0);
    this.#runSome(this.#urgent, 0);
    if (this.#left < this.#budget && !this.#turnEnds) {
      this.#turnEnds = true;
      nextTurn(this.#newTurn);
    }
  };

  /** @param least of the budget, to be left */
  #runSome(tasks: Set<Task>, least: number): void {
    for (const task of tasks) {
      if (this.#left <= least) return;
      tasks.delete(task);
      this.#left -= task.run();
      // A Set visits what is added while it is walked: behind all others.
      if (task.runnable) this.#put(task);
    }
  }

  readonly #newTurn = (): void => {
    this.#turnEnds = false;
    this.#left = this.#budget;
    if (this.#urgent.size + this.#tasks.size > 0) this.#runTasks();
  };
}
