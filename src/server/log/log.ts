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
  /**
   * Every login, refused login, change, and request that was not permitted, whatever the levels: for a record that
   * is kept. Without it: only where the levels have it.
   */
  audit?(facts: object, message: string): void;
  /** Whether lines of a level are wanted; those of others are not made. Without it: all of them. */
  isLevelEnabled?(level: LogLevel): boolean;
}

/** How important a line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A level, or the record for audits. */
export type LogKind = LogLevel | "audit";

/** A log in which lines of all kinds take the same way. */
export abstract class AnyLevelLog implements Log {
  abstract write(kind: LogKind, facts: object, message: string): void;
  abstract isLevelEnabled(kind: LogKind): boolean;

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

  audit(facts: object, message: string): void {
    this.write("audit", facts, message);
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

export function isLogged(log: Log, kind: LogKind): boolean {
  if (kind !== "audit") return log.isLevelEnabled?.(kind) ?? true;
  if (log instanceof AnyLevelLog) return log.isLevelEnabled(kind);
  return log.audit !== undefined; // another logger does not know this kind as a level
}

/** The kinds of lines that a log wants. */
export function kindsOf(log: Log): readonly LogKind[] {
  const all: readonly LogKind[] = ["debug", "info", "warn", "error", "audit"];
  return all.filter((kind) => isLogged(log, kind));
}

/** A log whose errors are ignored: a logger whose thread has ended throws, and the server goes on. */
export class GuardedLog extends AnyLevelLog {
  readonly #log: Log;

  constructor(log: Log) {
    super();
    this.#log = log;
  }

  write(kind: LogKind, facts: object, message: string): void {
    try {
      this.#log[kind]?.(facts, message);
    } catch {
      // There is no other place to report it.
    }
  }

  isLevelEnabled(kind: LogKind): boolean {
    return isLogged(this.#log, kind);
  }
}
