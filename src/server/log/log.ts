/** What a server tells about itself. pino's loggers fit; the default says nothing. Errors of one are
 *  dropped. */
export interface Log {
  /** For those who look for a fault. */
  debug(facts: object, message: string): void;
  /** What happens. */
  info(facts: object, message: string): void;
  /** What somebody should look at. */
  warn(facts: object, message: string): void;
  /** What failed. */
  error(facts: object, message: string): void;
  /** Whether lines of a level are wanted, so that others need not be made. Without it: all of them. */
  isLevelEnabled?(level: LogLevel): boolean;
}

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

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

/** Those of a log that are wanted. */
export function levelsOf(log: Log): readonly LogLevel[] {
  const all: readonly LogLevel[] = ["debug", "info", "warn", "error"];
  return all.filter((level) => isLogged(log, level));
}

/** A log that throws, as one does whose thread has ended, ends nothing that it is told of. */
export function guarded(log: Log): Log {
  const at =
    (level: LogLevel) =>
    (facts: object, message: string): void => {
      try {
        log[level](facts, message);
      } catch {
        // There is nowhere to tell of it.
      }
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isLevelEnabled: (level) => isLogged(log, level),
  };
}
