/** The log of a process or thread that serves for a server: its lines go there, several in a message. */
import type { Log, LogLevel } from "../log/log.ts";
import type { FromChild, LogLine } from "./child-messages.ts";

/** Milliseconds that a line may wait for others: a message costs more than a line. */
const GATHER = 50;

/** Lines of a message. */
const MOST = 64;

export class ChildLog implements Log {
  readonly #send: (message: FromChild) => void;
  /** Those that the server wants: what it serves is told later than the log is made. */
  #levels: ReadonlySet<LogLevel> = new Set(["debug", "info", "warn", "error"]);
  #lines: LogLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (message: FromChild) => void) {
    this.#send = send;
  }

  want(levels: readonly LogLevel[]): void {
    this.#levels = new Set(levels);
  }

  isLevelEnabled(level: LogLevel): boolean {
    return this.#levels.has(level);
  }

  debug(facts: object, message: string): void {
    this.#add({ level: "debug", facts, message });
  }

  info(facts: object, message: string): void {
    this.#add({ level: "info", facts, message });
  }

  /** It may be the last that is heard: it does not wait. */
  warn(facts: object, message: string): void {
    this.#add({ level: "warn", facts, message });
    this.flush();
  }

  error(facts: object, message: string): void {
    this.#add({ level: "error", facts, message });
    this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#send({ case: "log", lines });
  }

  #add(line: LogLine): void {
    if (!this.#levels.has(line.level)) return;
    this.#lines.push(line);
    if (this.#lines.length >= MOST) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), GATHER).unref();
  }
}
