/** A folder of a tree that goes to the server: it is made there while its files are already on their way. */

export class PutFolder {
  readonly parent: PutFolder | undefined;
  readonly name: string;
  /** Of folders above it. */
  readonly depth: number;
  #state: "coming" | "made" | "failed" = "coming";
  #isListed = false;
  readonly #onDone: () => void;
  readonly #waiting: (() => void)[] = [];

  /** @param onDone called when it is made, and all that is in it was begun */
  constructor(parent: PutFolder | undefined, name: string, onDone: () => void) {
    this.parent = parent;
    this.name = name;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#onDone = onDone;
  }

  get hasFailed(): boolean {
    return this.#state === "failed" || this.parent?.hasFailed === true;
  }

  /** Resolves when the server has made it, or could not. @returns whether it is there */
  async isMade(): Promise<boolean> {
    if (this.#state === "coming") await new Promise<void>((wake) => void this.#waiting.push(wake));
    return this.#state === "made";
  }

  made(): void {
    this.#become("made");
  }

  failed(): void {
    this.#become("failed");
  }

  /** All that is in it was begun. */
  listed(): void {
    this.#isListed = true;
    if (this.#state === "made") this.#onDone();
  }

  #become(state: "made" | "failed"): void {
    this.#state = state;
    for (const wake of this.#waiting.splice(0)) wake();
    if (state === "made" && this.#isListed) this.#onDone();
  }
}
