/** Runs the transfers of one command, several at once, and tells about each. */
import type { Client } from "../../client/client.ts";
import { KiB } from "../../limits.ts";
import type { NotDone } from "../../store/store.ts";
import type { Context } from "../program/context.ts";
import { notDoneText } from "./not-done.ts";
import type { Transfer } from "../program/paths.ts";
import type { Bar } from "../terminal/progress.ts";
import { printable } from "../terminal/terminal-text.ts";
import { bytesText, durationText } from "../terminal/units.ts";

/** Transfers at once: small files wait for each other's disk otherwise. */
const AT_ONCE = 8;

/** More files than these are told about in one line together. */
const TOLD_APART = 10;

/** Of files smaller than this, their number says more than their bytes. */
const SMALL_FILE = 64 * KiB;

export interface Done {
  readonly bytes: number;
  /** Of them, those that an earlier run has moved. */
  readonly earlier?: number;
  /** `verified`, `on disk`, … */
  readonly how: string;
  /** Nothing was moved: the name is taken. */
  readonly skipped: boolean;
  /** For `--json`. */
  readonly facts: object;
  readonly notDone?: NotDone | undefined;
}

export interface TransferOptions {
  readonly command: string;
  readonly transfers: readonly Transfer[];
  /** How the transfer is called. */
  readonly name: (transfer: Transfer) => string;
  readonly run: (transfer: Transfer, client: Client, bar: Bar) => Promise<Done>;
  readonly json: boolean;
  /** One after another: they share stdout. */
  readonly inOrder?: boolean;
}

export async function transferAll(context: Context, options: TransferOptions): Promise<void> {
  const { transfers } = options;
  const client = await context.client();
  const began = performance.now();
  const all: Done[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < transfers.length && !context.signal.aborted && !client.isLost) {
      const done = await transferOne(context, client, options, transfers[next++]!);
      if (done !== undefined) all.push(done);
    }
  };
  const workers = options.inOrder === true ? 1 : Math.min(AT_ONCE, transfers.length);
  {
    using _shown = context.progress.group(transfers.length);
    await Promise.all(Array.from({ length: workers }, worker));
  }
  if (next < transfers.length && !context.signal.aborted) {
    const left = transfers.length - next;
    context.note(`leat: ${options.command}: ${left} more of ${transfers.length} were not tried`);
  }
  if (transfers.length > 1) summarize(context, all, performance.now() - began);
}

async function transferOne(
  context: Context,
  client: Client,
  options: TransferOptions,
  transfer: Transfer,
): Promise<Done | undefined> {
  const name = options.name(transfer);
  const began = performance.now();
  try {
    using bar = context.progress.begin(name);
    const done = await options.run(transfer, client, bar);
    const milliseconds = performance.now() - began;
    const missing = notDoneText(done.notDone ?? {});
    if (missing !== "") {
      const what = `the file system it came to cannot ${missing}`;
      context.note(`leat: ${options.command}: ${printable(name)}: ${what}`);
    }
    if (options.json) {
      await context.output.json({ ...done.facts, milliseconds: Math.round(milliseconds) });
    } else if (context.chatty && options.transfers.length <= TOLD_APART) {
      context.output.say(`${printable(name)}  ${told(done, milliseconds)}`);
    }
    return done;
  } catch (thrown) {
    context.fail(options.command, thrown, name);
    return undefined;
  }
}

/** What an earlier try has left is of use. */
export function continued(command: string, name: string, offset: number, size: number): string {
  const where = `${bytesText(offset)} of ${bytesText(size)}`;
  return `leat: ${command}: ${printable(name)} continues at ${where}`;
}

function summarize(context: Context, all: readonly Done[], milliseconds: number): void {
  if (!context.chatty || all.length === 0) return;
  const bytes = all.reduce((sum, done) => sum + done.bytes, 0);
  const skipped = all.filter((done) => done.skipped).length;
  const how = all.find((done) => !done.skipped)?.how ?? "skipped";
  const files = `${all.length - skipped} file${all.length - skipped === 1 ? "" : "s"}`;
  const rest = skipped === 0 ? "" : `; ${skipped} skipped`;
  const earlier = all.reduce((sum, done) => sum + (done.earlier ?? 0), 0);
  const together = { bytes, earlier, how, skipped: false, facts: {} };
  const moved = told(together, milliseconds, all.length - skipped);
  context.output.say(`${files}  ${moved}${rest}`);
}

/** `1.00 GiB in 1.2 s, 870 MiB/s, verified` */
function told(
  { bytes, earlier = 0, how, skipped }: Done,
  milliseconds: number,
  files?: number,
): string {
  if (skipped) return "skipped: the name is taken";
  return `${movedText({ bytes, moved: bytes - earlier, milliseconds, files })}, ${how}`;
}

export interface Moved {
  /** Of the files. */
  readonly bytes: number;
  /** Of them, those that were moved in this time. */
  readonly moved: number;
  readonly milliseconds: number;
  readonly files?: number | undefined;
}

/** `1.00 GiB in 1.2 s, 870 MiB/s`; `1.00 GiB, of which 200 MiB in 1.2 s, 167 MiB/s` */
export function movedText({ bytes, moved, milliseconds, files = 1 }: Moved): string {
  const what =
    moved < bytes ? `${bytesText(bytes)}, of which ${bytesText(moved)}` : bytesText(bytes);
  const time = `${what} in ${durationText(milliseconds)}`;
  return time + rateText(Math.min(moved, bytes), milliseconds, files);
}

/** `, 870 MiB/s`; of many small files `, 950 files/s`; nothing when it was too quick to tell. */
function rateText(bytes: number, milliseconds: number, files: number): string {
  if (milliseconds < 100) return "";
  if (files > 1 && bytes / files < SMALL_FILE) {
    return `, ${Math.round((files * 1000) / milliseconds)} files/s`;
  }
  return `, ${bytesText((bytes * 1000) / milliseconds)}/s`;
}
