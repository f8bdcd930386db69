/**
 * The line that shows how far transfers are, on a terminal, for what lasts: name, percent, bar, rate
 * and time left. Redrawn in place; gone when the transfers are.
 */
import type { Output, StatusLine } from "./output.ts";
import { fit, pad, printable } from "./terminal-text.ts";
import { bytesText, clockText } from "./units.ts";

/** Milliseconds that nobody minds waiting without being told. */
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
}

interface Sample {
  readonly time: number;
  readonly bytes: number;
}

export class Progress implements StatusLine {
  readonly #output: Output;
  readonly #enabled: boolean;
  readonly #bars = new Map<Bar, { readonly name: string; readonly began: number }>();
  /** Bytes of transfers that are over. */
  #past = 0;
  #count = { done: 0, of: 0 };
  #samples: Sample[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #shown = false;

  constructor(output: Output, enabled: boolean) {
    this.#output = output;
    this.#enabled = enabled && output.talkTerminal;
    if (this.#enabled) output.status = this;
  }

  /** So many transfers follow. */
  expect(count: number): void {
    this.#count = { done: 0, of: count };
    this.#samples = [];
  }

  begin(name: string): Bar {
    const bar: Bar = { total: undefined, done: 0, [Symbol.dispose]: () => this.#end(bar) };
    if (!this.#enabled) return bar;
    this.#bars.set(bar, { name: printable(name), began: performance.now() });
    this.#timer ??= setInterval(() => this.#draw(), REDRAW);
    return bar;
  }

  hide(): void {
    if (!this.#shown) return;
    this.#shown = false;
    process.stderr.write(CLEAR_LINE);
  }

  #end(bar: Bar): void {
    if (!this.#bars.delete(bar)) return;
    this.#past += bar.done;
    this.#count.done++;
    if (this.#bars.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.hide();
  }

  #draw(): void {
    const [first] = this.#bars;
    if (first === undefined) return;
    const [bar, { name, began }] = first;
    const now = performance.now();
    const rate = this.#rate(now);
    if (now - began < PATIENCE && !this.#shown) return;
    this.#shown = true;
    const columns = (process.stderr.columns || 80) - 1;
    process.stderr.write(CLEAR_LINE + this.#line(bar, name, rate, columns));
  }

  /** Bytes a second, of all transfers together. */
  #rate(now: number): number {
    let bytes = this.#past;
    for (const bar of this.#bars.keys()) bytes += bar.done;
    const samples = this.#samples;
    samples.push({ time: now, bytes });
    while (samples[0]!.time < now - RATE_OVER) samples.shift();
    const { time, bytes: before } = samples[0]!;
    return now > time ? ((bytes - before) * 1000) / (now - time) : 0;
  }

  #line(bar: Bar, name: string, rate: number, columns: number): string {
    const many = this.#count.of > 1 ? `[${this.#count.done + 1}/${this.#count.of}] ` : "";
    const facts = this.#facts(bar, rate);
    const drawn = bar.total === undefined ? "" : this.#drawn(bar.done / (bar.total || 1));
    const room = columns - many.length - facts.length - 2;
    // A narrow terminal loses the bar first, then the name; the numbers stay.
    const withBar = room >= BAR_WIDTH + 10;
    const forName = withBar ? Math.min(32, room - BAR_WIDTH - 2) : room;
    const start = forName < 4 ? "" : `${many}${pad(fit(name, forName), withBar ? 12 : 0)}  `;
    return fitStyled(`${start}${withBar && drawn !== "" ? `${drawn}  ` : ""}`, facts, columns);
  }

  #facts(bar: Bar, rate: number): string {
    const speed = `${bytesText(rate)}/s`.padStart(11);
    if (bar.total === undefined) return `${bytesText(bar.done)} ${speed}`;
    const percent = `${Math.floor((100 * bar.done) / (bar.total || 1))}%`.padStart(4);
    const left = rate > 0 ? clockText((bar.total - bar.done) / rate) : "-:--";
    return `${percent} ${speed} ${left.padStart(5)}`;
  }

  #drawn(part: number): string {
    const full = Math.min(BAR_WIDTH, Math.round(part * BAR_WIDTH));
    const done = "━".repeat(full);
    const rest = "─".repeat(BAR_WIDTH - full);
    return this.#output.colour ? `\x1b[36m${done}\x1b[0;2m${rest}\x1b[0m` : done + rest;
  }
}

/** `start` may have colours and fits by construction, unless the terminal is tiny. */
function fitStyled(start: string, facts: string, columns: number): string {
  return Bun.stringWidth(start) + facts.length <= columns ? start + facts : fit(facts, columns);
}
