/**
 * A log that no peer can fill the disk with: in each span of time so many lines of a kind are written, the
 * others are counted, and the count is written when the span ends.
 */
import { LOG_KINDS, LOG_LINES, LOG_SPAN, LOG_TROUBLES } from "../../limits.ts";
import type { Ticked } from "../../net/ticker.ts";
import { AnyLevelLog, type Log, type LogKind, isLogged } from "./log.ts";

/** The line about a client that was not admitted. */
export const LOGIN_REFUSED = "login refused";

/** Precedes the last of the lines that were counted. */
const LAST = ", the last: ";

interface Kind {
  readonly level: LogKind;
  readonly code: string | undefined;
  /** When its span began, with the first line. */
  since: number;
  /** Lines that were written, and lines that were only counted. */
  written: number;
  counted: number;
  /** The last line that was only counted. */
  last: string;
}

interface FoldedLogOptions {
  readonly log: Log;
  readonly clock: () => number;
  /** Ticks while something is counted. */
  readonly ticker: { add(ticked: Ticked): void; remove(ticked: Ticked): void };
}

export class FoldedLog extends AnyLevelLog implements Ticked {
  readonly #options: FoldedLogOptions;
  readonly #kinds = new Map<string, Kind>();

  constructor(options: FoldedLogOptions) {
    super();
    this.#options = options;
  }

  isLevelEnabled(level: LogKind): boolean {
    return isLogged(this.#options.log, level);
  }

  tick(now: number): void {
    for (const [name, kind] of this.#kinds) if (now - kind.since >= LOG_SPAN) this.#end(name, kind);
  }

  flush(): void {
    for (const [name, kind] of this.#kinds) this.#end(name, kind);
  }

  write(level: LogKind, facts: object, message: string): void {
    // Those whom the server knows have a record of all that they do; anybody can be refused a login.
    const isKept = level === "audit" && message !== LOGIN_REFUSED;
    if (isKept) return this.#options.log.audit?.(facts, message);
    const { code, more } = facts as { readonly code?: string; readonly more?: number };
    const kind = this.#kind(level, code, message);
    // Lines of a process or thread that serves for this one are counts already.
    const lines = more ?? 1;
    if (kind.written + lines <= mostOf(level, code)) {
      kind.written += lines;
      return this.#options.log[level]?.(facts, message);
    }
    kind.counted += lines;
    kind.last = more === undefined ? message : message.slice(message.indexOf(LAST) + LAST.length);
  }

  /** By the code where there is one: the sentences of one code differ by names and numbers. */
  #kind(level: LogKind, code: string | undefined, message: string): Kind {
    const own = `${level} ${code ?? message}`;
    const name = this.#kinds.has(own) || this.#kinds.size < LOG_KINDS ? own : `${level} others`;
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const kind = { level, code, since: this.#options.clock(), written: 0, counted: 0, last: "" };
    if (this.#kinds.size === 0) this.#options.ticker.add(this);
    this.#kinds.set(name, kind);
    return kind;
  }

  #end(name: string, { level, code, since, counted: more, last }: Kind): void {
    this.#kinds.delete(name);
    if (this.#kinds.size === 0) this.#options.ticker.remove(this);
    if (more === 0) return;
    const seconds = Math.round((this.#options.clock() - since) / 1000);
    const count = more.toLocaleString("en");
    const facts = code === undefined ? { more } : { code, more };
    this.#options.log[level]?.(facts, `… ${count} more like this in ${seconds} s${LAST}${last}`);
  }
}

/** Lines of a kind that are written in a span. One with a code is about a failure, at any level. */
function mostOf(level: LogKind, code: string | undefined): number {
  const isFailure = code !== undefined || level === "warn" || level === "error";
  return isFailure ? LOG_TROUBLES : LOG_LINES;
}
