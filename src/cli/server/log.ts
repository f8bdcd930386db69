/**
 * The server's log on stderr: lines for people, or JSON in the shape of pino's, which collectors and
 * pino-pretty read.
 */
import { AnyLevelLog, type LogKind, type LogLevel as Level } from "../../server/log/log.ts";
import type { AuditFile } from "./audit-file.ts";
import { type LineStream, LogWriter } from "./log-writer.ts";
import { printable } from "../terminal/terminal-text.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export const LOG_FORMATS = ["pretty", "json"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = (typeof LOG_FORMATS)[number];

const NUMBERS: Readonly<Record<LogLevel, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Number.POSITIVE_INFINITY,
};

const COLOURS: Readonly<Record<Level, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

interface LogOptions {
  /** At first. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Lines have the time of day only, for a person who watches. */
  readonly terminal: boolean;
  readonly colour: boolean;
  readonly stream: LineStream;
  /** Gets the lines for audits. */
  readonly audit?: AuditFile | undefined;
}

export class StreamLog extends AnyLevelLog {
  readonly #options: LogOptions;
  readonly #writer: LogWriter;
  level: LogLevel;

  constructor(options: LogOptions) {
    super();
    this.#options = options;
    this.level = options.level;
    this.#writer = new LogWriter(options.stream, (lost) =>
      this.#line(
        "warn",
        { lost },
        "lines of the log are missing here: stderr was not read in time",
      ),
    );
  }

  isLevelEnabled(level: LogKind): boolean {
    if (level === "audit") return this.#options.audit !== undefined;
    return NUMBERS[level] >= NUMBERS[this.level];
  }

  write(level: LogKind, facts: object, message: string): void {
    if (level === "audit") return this.#options.audit?.write(facts, message);
    if (!this.isLevelEnabled(level)) return;
    const isUrgent = level === "warn" || level === "error";
    this.#writer.write(this.#line(level, facts, message), isUrgent);
  }

  /** Writes the lines that are still gathered: before the end. */
  flush(): void {
    this.#writer.flush();
  }

  #line(level: Level, facts: object, message: string): string {
    const format = this.#options.format === "json" ? json : pretty;
    return `${format(level, facts, message, this.#options)}\n`;
  }
}

function json(level: Level, facts: object, message: string): string {
  const flat = Object.entries(facts).map(([key, value]) => [key, plain(value)]);
  return JSON.stringify({
    level: NUMBERS[level],
    time: Date.now(),
    ...Object.fromEntries(flat),
    msg: message,
  });
}

/** `12:03:01 info  connect 127.0.0.1:51234 connections=1` */
function pretty(level: Level, facts: object, message: string, options: LogOptions): string {
  const { peer, ...rest } = facts as { readonly peer?: unknown };
  const parts = [now(options.terminal), colour(level, options.colour), printable(message)];
  if (peer !== undefined) parts.push(shown(peer));
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) parts.push(`${key}=${shown(value)}`);
  }
  return parts.join(" ");
}

/** The last second as text: to format it anew takes longer than the rest of a line. */
let last = { second: Number.NaN, text: "" };

function now(terminal: boolean): string {
  const time = Date.now();
  const second = Math.floor(time / 1000);
  if (last.second !== second) {
    const minutesWest = new Date(time).getTimezoneOffset();
    const local = new Date(second * 1000 - minutesWest * 60_000).toISOString();
    last = { second, text: `${local.slice(0, 10)} ${local.slice(11, 19)}` };
  }
  if (terminal) return last.text.slice(11);
  return `${last.text}.${String(time - second * 1000).padStart(3, "0")}`;
}

function colour(level: Level, wanted: boolean): string {
  const name = level.padEnd(5);
  return wanted ? `${COLOURS[level]}${name}\x1b[0m` : name;
}

function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (value instanceof Error) return printable(value.stack ?? value.message);
  const text = printable(typeof value === "string" ? value : JSON.stringify(value));
  return /^[^\s"]+$/.test(text) ? text : JSON.stringify(text);
}

function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { type: value.name, message: value.message, stack: value.stack };
}
