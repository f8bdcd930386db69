/**
 * The line that shows how far transfers are, on a terminal: name, percent, bar, rate and time left. It appears
 * when they take longer than a moment, is redrawn in place, and removed when they end.
 */
import type { Output, StatusLine } from "./output.ts";
import { STDERR, say } from "./standard-streams.ts";
import { fit, pad, printable } from "./terminal-text.ts";
import { bytesText, clockText, counted } from "./units.ts";

/** Milliseconds before the line appears: short transfers need none. */
const PATIENCE = 500;
const REDRAW = 100;

/** Milliseconds over which the rate is measured. */
const RATE_OVER = 3_000;

const CLEAR_LINE = "\r\x1b[2K";
const BAR_WIDTH = 24;

/** One transfer under way. Disposed when it ends, however it does. */
export interface Bar extends Disposable {
  /** Bytes, once known. */
  total: number | undefined;
  /** Bytes so far. */
  done: number;
  /** The part of them that an earlier run has moved. */
  earlier: number;
}

/** A tree under way: its size is not known. */
export interface TreeBar extends Bar {
  /** Files so far. */
  files: number;
}

/** A transfer continues at `offset`: an earlier run has moved the bytes before, unless this one has moved some. */
export function resumeAt(bar: Bar, offset: number): void {
  if (bar.done > 0) return;
  bar.earlier = offset;
  bar.done = offset;
}

interface Sample {
  readonly time: number;
  readonly bytes: number;
}

export class Progress implements StatusLine {
  readonly #output: Output;
  readonly #enabled: boolean;
  readonly #stall: () => string | undefined;
  /** The names of the transfers under way, the oldest first. */
  readonly #bars = new Map<Bar, string>();
  /** Of the transfers that have ended. */
  #past = { count: 0, bytes: 0 };
  #count = 0;
  #began = 0;
  #samples: Sample[] = [];
  #shown = false;

  /** @param stall why nothing moves; undefined while something does */
  constructor(output: Output, enabled: boolean, stall: () => string | undefined = () => undefined) {
    this.#output = output;
    this.#stall = stall;
    this.#enabled = enabled && output.stderrIsTerminal;
    if (this.#enabled) output.status = this;
  }

  /** Begins so many transfers. Disposed when all have ended. */
  group(count: number): Disposable {
    this.#count = count;
    this.#past = { count: 0, bytes: 0 };
    this.#samples = [];
    this.#began = performance.now();
    const timer = this.#enabled ? setInterval(() => this.#draw(), REDRAW) : undefined;
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        this.hide();
      },
    };
  }

  begin(name: string): Bar {
    const bar: Bar = {
      total: undefined,
      done: 0,
      earlier: 0,
      [Symbol.dispose]: () => this.#end(bar),
    };
    if (this.#enabled) this.#bars.set(bar, printable(name));
    return bar;
  }

  /** One line for all files of a tree. Disposed when all have ended. */
  beginTree(name: string): TreeBar {
    const group = this.group(1);
    const own = this.begin(name);
    const bar: TreeBar = Object.assign(own, { files: 0 });
    const end = own[Symbol.dispose];
    bar[Symbol.dispose] = () => {
      end();
      group[Symbol.dispose]();
    };
    return bar;
  }

  hide(): void {
    if (!this.#shown) return;
    this.#shown = false;
    say(STDERR, CLEAR_LINE);
  }

  #end(bar: Bar): void {
    if (!this.#bars.delete(bar)) return;
    this.#past.bytes += bar.done - bar.earlier;
    this.#past.count++;
  }

  #draw(): void {
    const now = performance.now();
    const rate = this.#rate(now);
    const [first] = this.#bars;
    if (first === undefined || now - this.#began < PATIENCE) return;
    const [bar, name] = first;
    const line =
      this.#count > 1
        ? this.#manyLine(name, rate, now - this.#began)
        : this.#oneLine(bar, name, rate);
    this.#shown = true;
    say(STDERR, CLEAR_LINE + line);
  }

  /** Bytes a second, of all transfers together. */
  #rate(now: number): number {
    let { bytes } = this.#past;
    for (const bar of this.#bars.keys()) bytes += bar.done - bar.earlier;
    const samples = this.#samples;
    samples.push({ time: now, bytes });
    while (samples[0]!.time < now - RATE_OVER) samples.shift();
    const { time, bytes: before } = samples[0]!;
    return now > time ? Math.max(0, ((bytes - before) * 1000) / (now - time)) : 0;
  }

  #oneLine(bar: Bar, name: string, rate: number): string {
    if (bar.total === undefined) {
      const files = "files" in bar ? `${counted(Number(bar.files), "file")}, ` : "";
      return this.#line(name, undefined, files + bytesText(bar.done), rate, 0);
    }
    const part = Math.min(1, bar.done / (bar.total || 1));
    const left = rate > 0 ? (bar.total - bar.done) / rate : Number.POSITIVE_INFINITY;
    return this.#line(name, part, percentText(part), rate, left);
  }

  /** Of several, files are counted: the sizes of the next ones are not known yet. */
  #manyLine(name: string, rate: number, elapsed: number): string {
    let done = this.#past.count;
    for (const bar of this.#bars.keys()) done += Math.min(1, bar.done / (bar.total || Infinity));
    const part = done / this.#count;
    const left = (elapsed * (1 - part)) / part / 1000;
    const numbered = `[${this.#past.count + 1}/${this.#count}] ${name}`;
    return this.#line(numbered, part, percentText(part), rate, left);
  }

  /** On a narrow terminal the bar is left out first, then the name; then the rest is cut. */
  #line(name: string, part: number | undefined, done: string, rate: number, left: number): string {
    const columns = (process.stderr.columns || 80) - 1;
    const stall = this.#stall();
    const speed = `${bytesText(rate)}/s`.padStart(11);
    const moving = `${speed} ${part === undefined ? "" : leftText(left)}`;
    const facts = `  ${done.padStart(4)} ${stall ?? moving}`;
    const room = columns - facts.length;
    const withBar = part !== undefined && room >= BAR_WIDTH + 12;
    if (!withBar) return room < 4 ? fit(facts.trim(), columns) : fit(name, room) + facts;
    const shown = fit(name, Math.min(32, room - BAR_WIDTH - 2));
    return `${pad(shown, 12)}  ${this.#drawn(part)}${facts}`;
  }

  #drawn(part: number): string {
    const full = Math.round(part * BAR_WIDTH);
    const done = "━".repeat(full);
    const rest = "─".repeat(BAR_WIDTH - full);
    return this.#output.colour ? `\x1b[36m${done}\x1b[0;2m${rest}\x1b[0m` : done + rest;
  }
}

const percentText = (part: number): string => `${Math.floor(100 * part)}%`;

/** Beyond a few days it would be a guess. */
function leftText(seconds: number): string {
  return (seconds < 360_000 ? clockText(seconds) : "-:--").padStart(5);
}
