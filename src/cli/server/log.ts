/**
 * The server's log on stderr: lines for people, or JSON in the shape of pino's, which collectors and
 * pino-pretty read.
 */
import type { Log, LogLevel as Level } from "../../server/log/log.ts";
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

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** A person is watching: the time of day will do. */
  readonly terminal: boolean;
  readonly colour: boolean;
  readonly stream: LineStream;
}

export interface WrittenLog extends Log {
  /** Writes what is still gathered: before the end. */
  flush(): void;
}

export function createLog(options: LogOptions): WrittenLog {
  const format = options.format === "json" ? json : pretty;
  const line = (level: Level, facts: object, message: string): string =>
    `${format(level, facts, message, options)}\n`;
  const writer = new LogWriter(options.stream, (lost) =>
    line("warn", { lost }, "lines of the log are lost here: nobody read it"),
  );
  const isLevelEnabled = (level: Level): boolean => NUMBERS[level] >= NUMBERS[options.level];
  const at = (level: Level) => (facts: object, message: string) => {
    if (!isLevelEnabled(level)) return;
    writer.write(line(level, facts, message), level === "warn" || level === "error");
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isLevelEnabled,
    flush: () => writer.flush(),
  };
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

/** The last second that was written: to write it anew takes longer than the rest of a line. */
let second = { at: Number.NaN, text: "" };

function now(terminal: boolean): string {
  const time = Date.now();
  const at = Math.floor(time / 1000);
  if (second.at !== at) {
    const minutesWest = new Date(time).getTimezoneOffset();
    const local = new Date(at * 1000 - minutesWest * 60_000).toISOString();
    second = { at, text: `${local.slice(0, 10)} ${local.slice(11, 19)}` };
  }
  if (terminal) return second.text.slice(11);
  return `${second.text}.${String(time - at * 1000).padStart(3, "0")}`;
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
