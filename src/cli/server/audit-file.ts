/**
 * The record of logins, refusals and changes: one JSON object a line, appended to a file that only its owner reads.
 * Lines of a moment are written together. SIGHUP opens the file anew, as programs that rotate logs ask for.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { jsonLine } from "../terminal/output.ts";

/** Milliseconds that a line may wait for others: more are lost only if the process is killed. */
const GATHER = 100;

/** Characters that are written before that time is over. */
const ENOUGH = 64 * 1024;

export class AuditFile implements Disposable {
  readonly #path: string;
  readonly #onFailure: (error: LeatError) => void;
  #fd: number;
  #gathered = "";
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onFailure called when lines cannot be written, which are lost then
   * @throws LeatError: the file cannot be opened
   */
  constructor(path: string, onFailure: (error: LeatError) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#fd = open(path);
  }

  write(facts: object, event: string): void {
    this.#gathered += jsonLine({ time: new Date().toISOString(), event, ...facts });
    if (this.#gathered.length >= ENOUGH) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), GATHER).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = Buffer.from(this.#gathered);
    this.#gathered = "";
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    } catch (thrown) {
      this.#onFailure(LeatError.from(thrown, `cannot write to ${this.#path}`));
    }
  }

  /** @throws LeatError: it cannot be opened; the file before stays open */
  reopen(): void {
    this.flush();
    const next = open(this.#path);
    closeSync(this.#fd);
    this.#fd = next;
  }

  [Symbol.dispose](): void {
    this.flush();
    closeSync(this.#fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot open the audit log ${path}`);
  }
}
