/**
 * A folder of a tree that goes to the server: it is made there while its files are already on their way, and gets its
 * attributes when nothing in it is.
 */

export class PutFolder {
  readonly parent: PutFolder | undefined;
  readonly name: string;
  /** Of folders above it. */
  readonly depth: number;
  #state: "coming" | "made" | "failed" = "coming";
  #isClosed = false;
  #hasSettled = false;
  /** Something in it comes on another stream than the folder, or again: its attributes wait for the end of that. */
  hasOthers = false;
  /** It, or a folder in it, has such. */
  isAwaited = false;
  /** Its attributes were sent. */
  isComplete = false;
  #hasEnded = false;
  #wake: (() => void) | undefined;
  /** Folders in it that have not ended. */
  #open = 0;
  readonly #onDone: () => void;
  readonly #waiting: (() => void)[] = [];

  /** @param onDone called when it is made, and all that is in it has ended: `ended` follows */
  constructor(parent: PutFolder | undefined, name: string, onDone: () => void) {
    this.parent = parent;
    this.name = name;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#onDone = onDone;
    if (parent !== undefined) parent.#open += 1;
  }

  get hasFailed(): boolean {
    return this.#state === "failed" || this.parent?.hasFailed === true;
  }

  get isThere(): boolean {
    return this.#state === "made";
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

  /** Something in it comes otherwise: `hasOthers`. */
  awaits(): void {
    this.hasOthers = true;
    this.#await();
  }

  #await(): void {
    if (this.isAwaited) return;
    this.isAwaited = true;
    if (this.parent !== undefined) this.parent.#await();
  }

  /** Resolves when it has ended. Called once. */
  async whole(): Promise<void> {
    if (!this.#hasEnded) await new Promise<void>((wake) => (this.#wake = wake));
  }

  /** All files in it have ended, and no further folder in it comes. */
  closed(): void {
    this.#isClosed = true;
    this.#settle();
  }

  /** It has its attributes, or does not get them. */
  ended(): void {
    this.#hasEnded = true;
    this.#wake?.();
    const { parent } = this;
    if (parent === undefined) return;
    parent.#open -= 1;
    parent.#settle();
  }

  #become(state: "made" | "failed"): void {
    this.#state = state;
    for (const wake of this.#waiting.splice(0)) wake();
    this.#settle();
  }

  #settle(): void {
    if (this.#hasSettled || !this.#isClosed || this.#open > 0 || this.#state === "coming") return;
    // What comes into one that was closed before does not count.
    this.#hasSettled = true;
    if (this.#state === "made") this.#onDone();
    else this.ended();
  }
}
