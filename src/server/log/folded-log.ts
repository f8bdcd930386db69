/**
 * A log in which no peer can fill the disk: of one kind of line so many are written in a while, the
 * others are counted, and the count is written when the while is over.
 */
import { LOG_KINDS, LOG_LINES, LOG_SPAN, LOG_TROUBLES } from "../../limits.ts";
import type { Ticked } from "../../net/ticker.ts";
import { type Log, type LogLevel as Level, isLogged } from "./log.ts";

/** Stands before the last of the lines that were counted. */
const LAST = ", the last: ";

interface Kind {
  readonly level: Level;
  readonly code: string | undefined;
  /** When the first line of this while came. */
  since: number;
  lines: number;
  /** Of those that were not written, the last one. */
  last: string;
}

export interface FoldedLogOptions {
  readonly log: Log;
  readonly clock: () => number;
  /** Looks at it while something is counted. */
  readonly ticker: { add(ticked: Ticked): void; remove(ticked: Ticked): void };
}

export class FoldedLog implements Log, Ticked {
  readonly #options: FoldedLogOptions;
  readonly #kinds = new Map<string, Kind>();

  constructor(options: FoldedLogOptions) {
    this.#options = options;
  }

  debug(facts: object, message: string): void {
    this.#write("debug", facts, message);
  }

  info(facts: object, message: string): void {
    this.#write("info", facts, message);
  }

  warn(facts: object, message: string): void {
    this.#write("warn", facts, message);
  }

  error(facts: object, message: string): void {
    this.#write("error", facts, message);
  }

  isLevelEnabled(level: Level): boolean {
    return isLogged(this.#options.log, level);
  }

  tick(now: number): void {
    for (const [name, kind] of this.#kinds) if (now - kind.since >= LOG_SPAN) this.#end(name, kind);
  }

  /** Writes all counts. */
  flush(): void {
    for (const [name, kind] of this.#kinds) this.#end(name, kind);
  }

  #write(level: Level, facts: object, message: string): void {
    const { code, more } = facts as { readonly code?: string; readonly more?: number };
    const kind = this.#kind(level, code, message);
    // A process that serves for this one has counted already.
    kind.lines += more ?? 1;
    if (kind.lines <= mostOf(level, code)) {
      this.#options.log[level](facts, message);
    } else
      kind.last = more === undefined ? message : message.slice(message.indexOf(LAST) + LAST.length);
  }

  /** Sentences have names and numbers in them: of troubles the code is what they have in common. */
  #kind(level: Level, code: string | undefined, message: string): Kind {
    const own = `${level} ${code ?? message}`;
    const name = this.#kinds.has(own) || this.#kinds.size < LOG_KINDS ? own : `${level} others`;
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const kind = { level, code, since: this.#options.clock(), lines: 0, last: "" };
    if (this.#kinds.size === 0) this.#options.ticker.add(this);
    this.#kinds.set(name, kind);
    return kind;
  }

  #end(name: string, { level, code, since, lines, last }: Kind): void {
    this.#kinds.delete(name);
    if (this.#kinds.size === 0) this.#options.ticker.remove(this);
    if (last === "") return;
    const more = lines - mostOf(level, code);
    const seconds = Math.round((this.#options.clock() - since) / 1000);
    const count = more.toLocaleString("en");
    const facts = code === undefined ? { more } : { code, more };
    this.#options.log[level](facts, `… ${count} more like this in ${seconds} s${LAST}${last}`);
  }
}

/** Lines that are written of a kind. A code tells of a trouble at any level. */
function mostOf(level: Level, code: string | undefined): number {
  const isTrouble = code !== undefined || level === "warn" || level === "error";
  return isTrouble ? LOG_TROUBLES : LOG_LINES;
}
