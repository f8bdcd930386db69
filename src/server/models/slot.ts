/**
 * Keeps one worker running. A worker that dies is followed by another; one that is replaced stops accepting
 * when the next one accepts, and serves its clients to their end.
 */
import { RESTART_DELAY, WORKER_YOUTH } from "../../limits.ts";
import type { Changed } from "../options/options.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

export class Slot {
  readonly #options: WorkerOptions;
  readonly #ready = Promise.withResolvers<void>();
  #wasReady = false;
  /** The worker that accepts, or is about to. */
  #worker: Worker | undefined;
  /** All that run: with the next one, and with those that were replaced. */
  readonly #running = new Set<Worker>();
  #delay: number = RESTART_DELAY.least;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** Workers that died, and were not asked to stop. */
  lost = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#startOrWait();
  }

  /** Resolves when a worker accepts for the first time. @throws INTERNAL: it could not start */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get connections(): number {
    let sum = 0;
    for (const worker of this.#running) sum += worker.connections;
    return sum;
  }

  reload(changed: Changed): void {
    for (const worker of this.#running) worker.reload(changed);
  }

  async stop(drain: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#running].map((worker) => worker.stop(drain)));
  }

  /**
   * Resolves when another worker accepts, and the one before has ended.
   * @param drain milliseconds for the streams of the one before
   * @returns false when the server stopped meanwhile
   * @throws INTERNAL when none could be started: the one before goes on
   */
  async replace(drain: number): Promise<boolean> {
    const next = this.#start();
    try {
      await next.ready;
    } catch (thrown) {
      if (this.#stopping) return false;
      throw thrown;
    }
    if (this.#stopping) return false;
    clearTimeout(this.#timer); // a worker that died meanwhile has its successor now
    const before = this.#worker;
    this.#worker = next;
    const facts = { ...next.facts, connections: before?.connections };
    this.#options.log.info(facts, "worker is replaced, the one before drains");
    await before?.stop(drain);
    return true;
  }

  #start(): Worker {
    const worker = new Worker(this.#options);
    this.#running.add(worker);
    void worker.ended.then((how) => {
      this.#running.delete(worker);
      if (this.#worker === worker) this.#died(how);
    });
    return worker;
  }

  #startOrWait(): void {
    try {
      const worker = this.#start();
      this.#worker = worker;
      worker.ready.then(
        () => this.#becameReady(worker),
        (thrown: unknown) => this.#ready.reject(thrown),
      );
    } catch (thrown) {
      this.#ready.reject(thrown);
      this.#died(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #becameReady(worker: Worker): void {
    if (this.#wasReady) this.#options.log.info(worker.facts, "worker is back");
    this.#wasReady = true;
    this.#ready.resolve();
  }

  #died(how: string): void {
    const { number, log } = this.#options;
    const worker = this.#worker;
    this.#worker = undefined;
    if (this.#stopping || !this.#wasReady) return;
    this.lost += 1;
    const old = worker !== undefined && performance.now() - worker.since > WORKER_YOUTH;
    if (old) this.#delay = RESTART_DELAY.least;
    const facts = { worker: number, ...worker?.facts, how };
    log.warn(facts, "worker died, another one follows");
    this.#timer = setTimeout(() => this.#startOrWait(), this.#delay);
    this.#delay = Math.min(2 * this.#delay, RESTART_DELAY.most);
  }
}
