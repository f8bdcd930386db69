/** The log of a process or thread that serves for a server: sends its lines to it, several in a message. */
import { AnyLevelLog, type LogKind } from "../log/log.ts";
import type { FromChild, LogLine } from "./child-messages.ts";

/** Milliseconds that a line may wait for others: a message costs more than a line. */
const GATHER = 50;

/** Lines of a message at most. */
const MOST = 64;

export class ChildLog extends AnyLevelLog {
  readonly #send: (message: FromChild) => void;
  /** Those that the server wants: all until its first message says which. */
  #kinds: ReadonlySet<LogKind> = new Set(["debug", "info", "warn", "error"]);
  #lines: LogLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (message: FromChild) => void) {
    super();
    this.#send = send;
  }

  want(kinds: readonly LogKind[]): void {
    this.#kinds = new Set(kinds);
  }

  isLevelEnabled(kind: LogKind): boolean {
    return this.#kinds.has(kind);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#send({ case: "log", lines });
  }

  write(kind: LogKind, facts: object, message: string): void {
    if (!this.#kinds.has(kind)) return;
    this.#lines.push({ kind, facts, message });
    // A warning may be the last line before this process dies: it does not wait.
    const isUrgent = kind === "warn" || kind === "error";
    if (isUrgent || this.#lines.length >= MOST) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), GATHER).unref();
  }
}
