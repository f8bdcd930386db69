/** What a server tells about itself. pino's loggers fit; the default says nothing. */
export interface Log {
  /** For those who look for a fault. */
  debug(facts: object, message: string): void;
  /** What happens. */
  info(facts: object, message: string): void;
  /** What somebody should look at. */
  warn(facts: object, message: string): void;
  /** What failed. */
  error(facts: object, message: string): void;
}

const nothing = (): void => {};

export const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
