/**
 * What is said on stderr. A file or a terminal takes it at once. A pipe may be full and its reader away:
 * then it waits here, and neither transfers nor signals wait with it.
 */
import { STDERR, isPipe, say, writeAll } from "./standard-streams.ts";

/** What waits for a reader, in characters. What is said beyond is lost. */
const WAITING = 1024 * 1024;

export class Talk {
  readonly #isPipe = isPipe(STDERR);
  #waiting = "";
  #writing: Promise<void> | undefined;

  say(text: string): void {
    if (!this.#isPipe) return say(STDERR, text);
    if (this.#waiting.length + text.length > WAITING) return;
    this.#waiting += text;
    this.#writing ??= this.#write();
  }

  /** Resolves when all was read, or nobody reads it any more. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting !== "") {
      const bytes = Buffer.from(this.#waiting);
      this.#waiting = "";
      // Where nobody reads it, there is nobody to tell.
      await writeAll(STDERR, bytes).catch(() => {});
    }
    this.#writing = undefined;
  }
}
