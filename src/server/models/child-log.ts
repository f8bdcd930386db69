/** The log of a process or thread that serves for a server: sends its lines to it, several in a message. */
import { AnyLevelLog, type LogLevel } from "../log/log.ts";
import type { FromChild, LogLine } from "./child-messages.ts";

/** Milliseconds that a line may wait for others: a message costs more than a line. */
const GATHER = 50;

/** Lines of a message at most. */
const MOST = 64;

export class ChildLog extends AnyLevelLog {
  readonly #send: (message: FromChild) => void;
  /** Those that the server wants: all until its first message says which. */
  #levels: ReadonlySet<LogLevel> = new Set(["debug", "info", "warn", "error"]);
  #lines: LogLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (message: FromChild) => void) {
    super();
    this.#send = send;
  }

  want(levels: readonly LogLevel[]): void {
    this.#levels = new Set(levels);
  }

  isLevelEnabled(level: LogLevel): boolean {
    return this.#levels.has(level);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#send({ case: "log", lines });
  }

  write(level: LogLevel, facts: object, message: string): void {
    if (!this.#levels.has(level)) return;
    this.#lines.push({ level, facts, message });
    // A warning may be the last line before this process dies: it does not wait.
    const isUrgent = level === "warn" || level === "error";
    if (isUrgent || this.#lines.length >= MOST) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), GATHER).unref();
  }
}
