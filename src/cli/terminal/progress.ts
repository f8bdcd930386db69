/**
 * Shows how far transfers are. On a terminal, one line does: name, percent, bar, rate and time left. It appears when they
 * take longer than a moment, is redrawn in place, and removed when they end. In a log, a line comes every few seconds.
 */
import type { Output, StatusLine } from "./output.ts";
import { STDERR, say } from "./standard-streams.ts";
import { fit, fitEnd, pad, printable } from "./terminal-text.ts";
import { Pace } from "./pace.ts";
import { type Shown, TreeBar } from "./tree-bar.ts";
import { bytesText, clockText } from "./units.ts";

/** Milliseconds before the line appears: short transfers need none. */
const PATIENCE = 500;
const REDRAW = 100;

/** Milliseconds between the lines in a log. */
const LOG_EVERY = 3_000;

/** Milliseconds over which the rate is measured. */
const RATE_OVER = 3_000;

const CLEAR_LINE = "\r\x1b[2K";
const BAR_WIDTH = 24;

/** Columns of a name beside a bar. */
const MOST_NAME = 40;
/** Columns of the path of a file in a tree, below which there is no bar beside it. */
const LEAST_PATH = 20;

/** One transfer under way. Disposed when it ends, however it does. */
export interface Bar extends Disposable {
  /** Bytes, once known. */
  total: number | undefined;
  /** Bytes so far. */
  done: number;
  /** The part of them that an earlier run has moved. */
  earlier: number;
}

/** How progress is shown: on a terminal, in a log, or not at all. */
export type Showing = "bars" | "lines" | "nothing";

/** A transfer continues at `offset`: an earlier run has moved the bytes before, unless this one has moved some. */
export function resumeAt(bar: Bar, offset: number): void {
  if (bar.done > 0) return;
  bar.earlier = offset;
  bar.done = offset;
}

export class Progress implements StatusLine {
  readonly #output: Output;
  readonly #showing: Showing;
  readonly #stall: () => string | undefined;
  /** The names of the transfers under way, the oldest first. */
  readonly #bars = new Map<Bar, string>();
  #tree: TreeBar | undefined;
  /** Of the transfers that have ended. */
  #past = { count: 0, bytes: 0 };
  #count = 0;
  #began = 0;
  #pace = new Pace(RATE_OVER, 0);
  #shown = false;

  /** @param stall why nothing moves; undefined while something does */
  constructor(output: Output, showing: Showing, stall: () => string | undefined = () => undefined) {
    this.#output = output;
    this.#stall = stall;
    this.#showing = showing;
    if (showing === "bars") output.status = this;
  }

  /** Whether anybody may see it. */
  get isShown(): boolean {
    return this.#showing !== "nothing";
  }

  /** Begins so many transfers of a command. Disposed when all have ended. */
  group(command: string, count: number): Disposable {
    this.#count = count;
    this.#past = { count: 0, bytes: 0 };
    this.#began = performance.now();
    this.#pace = new Pace(RATE_OVER, this.#began);
    const timer = this.#start(command);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        this.hide();
      },
    };
  }

  #start(command: string): Timer | undefined {
    if (this.#showing === "bars") return setInterval(() => this.#draw(), REDRAW);
    if (this.#showing === "lines") return setInterval(() => this.#log(command), LOG_EVERY);
    return undefined;
  }

  begin(name: string): Bar {
    const bar: Bar = {
      total: undefined,
      done: 0,
      earlier: 0,
      [Symbol.dispose]: () => this.#end(bar),
    };
    this.#bars.set(bar, name);
    return bar;
  }

  /** One line for all files of a tree. Disposed when all have ended. */
  beginTree(command: string, title: string): TreeBar {
    const group = this.group(command, 1);
    return (this.#tree = new TreeBar(title, () => {
      this.#tree = undefined;
      group[Symbol.dispose]();
    }));
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
    const shown = this.#shownAt(now, rate);
    if (shown === undefined || now - this.#began < PATIENCE) return;
    this.#shown = true;
    say(STDERR, CLEAR_LINE + this.#line(shown, rate));
  }

  /** `leat: get: 12/400 files, 1.20/4.00 GiB, 30%, 112 MiB/s, 0:25 left; now photos/sea.jpg` */
  #log(command: string): void {
    const now = performance.now();
    const rate = this.#rate(now);
    const shown = this.#shownAt(now, rate);
    if (shown === undefined) return;
    const { name, part, done, left, failed } = shown;
    const time = left === undefined ? undefined : `${leftText(left)} left`;
    const moving = this.#stall() ?? [`${bytesText(rate)}/s`, time];
    const facts = [done, percentText(part), moving, failed].flat();
    const known = facts.filter((fact) => fact !== undefined);
    this.#output.say(`leat: ${command}: ${known.join(", ")}; now ${name}`);
  }

  /** undefined while nothing is under way */
  #shownAt(now: number, rate: number): Shown | undefined {
    if (this.#tree !== undefined) return this.#tree.shown(now);
    const [first] = this.#bars;
    if (first === undefined) return undefined;
    const [bar, name] = first;
    return this.#count > 1 ? this.#ofMany(name, now - this.#began) : ofOne(bar, name, rate);
  }

  /** Bytes a second, of all transfers together. */
  #rate(now: number): number {
    let { bytes } = this.#past;
    for (const bar of [...this.#bars.keys(), this.#tree]) {
      if (bar !== undefined) bytes += bar.done - bar.earlier;
    }
    return this.#pace.at(now, bytes);
  }

  /** Of several, files are counted: the sizes of the next ones are not known yet. */
  #ofMany(name: string, elapsed: number): Shown {
    let done = this.#past.count;
    for (const bar of this.#bars.keys()) done += Math.min(1, bar.done / (bar.total || Infinity));
    const part = done / this.#count;
    const left = (elapsed * (1 - part)) / part / 1000;
    const numbered = `[${this.#past.count + 1}/${this.#count}] ${name}`;
    return { name: numbered, done: undefined, part, left };
  }

  /** On a narrow terminal the bar is left out first, then the name; then the rest is cut. */
  #line({ name, done, part, left, failed }: Shown, rate: number): string {
    const columns = (process.stderr.columns || 80) - 1;
    const time = part === undefined ? "" : leftText(left).padStart(5);
    const moving = this.#stall() ?? `${`${bytesText(rate)}/s`.padStart(10)} ${time}`.trimEnd();
    const parts = [done, percentText(part)?.padStart(4), moving, failed];
    const facts = parts.filter((fact) => fact !== undefined).join("  ");
    const room = columns - facts.length - 2;
    if (room < 2) return fit(facts, columns);
    // What changes in each line is not to move the rest.
    const least = done === undefined ? 12 : LEAST_PATH;
    const withBar = part !== undefined && room >= BAR_WIDTH + 2 + least;
    const most = withBar ? Math.min(MOST_NAME, room - BAR_WIDTH - 2) : room;
    const cut = done === undefined ? fit(printable(name), most) : fitEnd(printable(name), most);
    const padded = pad(cut, done === undefined ? 12 : most);
    return [padded, ...(withBar ? [this.#drawn(part)] : []), facts].join("  ");
  }

  #drawn(part: number): string {
    const full = Math.round(part * BAR_WIDTH);
    const done = "━".repeat(full);
    const rest = "─".repeat(BAR_WIDTH - full);
    return this.#output.colour ? `\x1b[36m${done}\x1b[0;2m${rest}\x1b[0m` : done + rest;
  }
}

function ofOne(bar: Bar, name: string, rate: number): Shown {
  if (bar.total === undefined) {
    return { name, done: bytesText(bar.done), part: undefined, left: undefined };
  }
  const part = Math.min(1, bar.done / (bar.total || 1));
  const left = rate > 0 ? (bar.total - bar.done) / rate : undefined;
  return { name, done: undefined, part, left };
}

function percentText(part: number | undefined): string | undefined {
  return part === undefined ? undefined : `${Math.floor(100 * part)}%`;
}

/** Beyond a few days it would be a guess. */
function leftText(seconds = Number.POSITIVE_INFINITY): string {
  return seconds < 360_000 ? clockText(seconds) : "-:--";
}
