/** Takes the lines of a server's log. pino's loggers fit. Errors that it throws are ignored. */
export interface Log {
  /** Details for finding a fault. */
  debug(facts: object, message: string): void;
  /** Ordinary events. */
  info(facts: object, message: string): void;
  /** Events that need attention. */
  warn(facts: object, message: string): void;
  /** Failures of the server itself. */
  error(facts: object, message: string): void;
  /** Whether lines of a level are wanted; those of others are not made. Without it: all of them. */
  isLevelEnabled?(level: LogLevel): boolean;
}

/** How important a line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A log in which lines of all levels take the same way. */
export abstract class AnyLevelLog implements Log {
  abstract write(level: LogLevel, facts: object, message: string): void;
  abstract isLevelEnabled(level: LogLevel): boolean;

  debug(facts: object, message: string): void {
    this.write("debug", facts, message);
  }

  info(facts: object, message: string): void {
    this.write("info", facts, message);
  }

  warn(facts: object, message: string): void {
    this.write("warn", facts, message);
  }

  error(facts: object, message: string): void {
    this.write("error", facts, message);
  }
}

const nothing = (): void => {};

export const SILENT: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  isLevelEnabled: () => false,
};

export function isLogged(log: Log, level: LogLevel): boolean {
  return log.isLevelEnabled?.(level) ?? true;
}

/** The levels that a log wants. */
export function levelsOf(log: Log): readonly LogLevel[] {
  const all: readonly LogLevel[] = ["debug", "info", "warn", "error"];
  return all.filter((level) => isLogged(log, level));
}

/** A log whose errors are ignored: a logger whose thread has ended throws, and the server goes on. */
export class GuardedLog extends AnyLevelLog {
  readonly #log: Log;

  constructor(log: Log) {
    super();
    this.#log = log;
  }

  write(level: LogLevel, facts: object, message: string): void {
    try {
      this.#log[level](facts, message);
    } catch {
      // There is no other place to report it.
    }
  }

  isLevelEnabled(level: LogLevel): boolean {
    return isLogged(this.#log, level);
  }
}
