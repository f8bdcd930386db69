/**
 * Messages on stderr. A file or a terminal takes them at once. A pipe may be full, with a reader that is slow:
 * then they wait in memory, and neither transfers nor signals wait for them.
 */
import { STDERR, isPipe, say, writeAll } from "./standard-streams.ts";

/** Characters that wait for a reader; messages beyond that are lost. */
const MOST_WAITING = 1024 * 1024;

export class Messages {
  readonly #isPipe = isPipe(STDERR);
  #waiting = "";
  #writing: Promise<void> | undefined;

  say(text: string): void {
    if (!this.#isPipe) return say(STDERR, text);
    if (this.#waiting.length + text.length > MOST_WAITING) return;
    this.#waiting += text;
    this.#writing ??= this.#write();
  }

  /** Resolves when all are written, or nothing reads them any more. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting !== "") {
      const bytes = Buffer.from(this.#waiting);
      this.#waiting = "";
      // An error means that nothing reads stderr any more: there is no place to report it.
      await writeAll(STDERR, bytes).catch(() => {});
    }
    this.#writing = undefined;
  }
}
