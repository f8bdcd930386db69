/** A process that swaps `a` and `b` of a folder for as long as it lives: one is a folder, the other a link. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const FIXTURE = join(import.meta.dir, "../store/swap-fixture.ts");

export class Swapper implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#exited = once(process, "exit");
  }

  /** Resolves when it has begun. */
  static async in(folder: string): Promise<Swapper> {
    const child = spawn(process.execPath, [FIXTURE, folder]);
    await once(child.stdout, "data");
    return new Swapper(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#exited;
  }
}
