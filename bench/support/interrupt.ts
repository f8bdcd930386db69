/** Ctrl-C ends the clients that run, and a suite unwinds: servers stop, the scratch folder goes. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #heard = (name: string): void => {
    this.#controller.abort(new Error(`interrupted by ${name}`));
  };

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#heard);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#heard);
  }
}
