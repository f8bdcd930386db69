/** Runs the transfers of one command, several at once, and prints their outcomes. */
import type { Client } from "../../client/client.ts";
import type { FirstRequest } from "../../client/calls/requests.ts";
import type { NotDone } from "../../store/store.ts";
import type { Context } from "../program/context.ts";
import { notDoneText } from "./not-done.ts";
import type { Transfer } from "../program/paths.ts";
import type { Bar } from "../terminal/progress.ts";
import { movedText, summaryText } from "./summary.ts";
import { printable } from "../terminal/terminal-text.ts";
import { bytesText } from "../terminal/units.ts";

/** Transfers at once: one by one, each small file would wait for the disk. */
const AT_ONCE = 8;

/** Up to so many transfers have a line each; more have one together. */
const SHOWN_APART = 10;

export interface Done {
  readonly bytes: number;
  /** The part of them that an earlier run has moved. */
  readonly earlier?: number;
  /** `verified`, `on disk`, … */
  readonly how: string;
  /** Nothing was moved: the name is taken. */
  readonly skipped: boolean;
  /** For `--json`. */
  readonly facts: object;
  readonly notDone?: NotDone | undefined;
}

interface TransferOptions {
  readonly command: string;
  readonly transfers: readonly Transfer[];
  /** The name of a transfer in messages. */
  readonly name: (transfer: Transfer) => string;
  readonly run: (transfer: Transfer, client: Client, bar: Bar) => Promise<Done>;
  /** The request that the first transfer will make first, if that is known. */
  readonly ahead?: (first: Transfer) => FirstRequest | undefined;
  readonly json: boolean;
  /** How many at once. */
  readonly jobs?: number | undefined;
  /** One after another: they share stdout. */
  readonly inOrder?: boolean;
}

export async function transferAll(context: Context, options: TransferOptions): Promise<void> {
  const { transfers } = options;
  const client = await context.client(options.ahead?.(transfers[0]!));
  const began = performance.now();
  const all: Done[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < transfers.length && !context.signal.aborted && !client.isLost) {
      const done = await transferOne(context, client, options, transfers[next++]!);
      if (done !== undefined) all.push(done);
    }
  };
  const workers =
    options.inOrder === true ? 1 : Math.min(options.jobs ?? AT_ONCE, transfers.length);
  {
    using _shown = context.progress.group(options.command, transfers.length);
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
    } else if (context.chatty && options.transfers.length <= SHOWN_APART) {
      context.output.say(`${printable(name)}  ${doneText(done, milliseconds)}`);
    }
    return done;
  } catch (thrown) {
    context.fail(options.command, thrown, name);
    return undefined;
  }
}

/** The line for a transfer that continues behind the bytes of an earlier one, or begins anew. */
export function resumed(command: string, name: string, offset: number, size: number): string {
  if (offset === 0) {
    const moved = command === "upload" ? "sent" : "fetched";
    const what = `is another version than the one that was begun: it is ${moved} anew`;
    return `leat: ${command}: ${printable(name)} ${what}`;
  }
  return `leat: ${command}: ${printable(name)} continues at ${bytesText(offset)} of ${bytesText(size)}`;
}

function summarize(context: Context, all: readonly Done[], milliseconds: number): void {
  if (!context.chatty || all.length === 0) return;
  const sum = (of: (done: Done) => number): number => all.reduce((sum, done) => sum + of(done), 0);
  const moved = all.filter((done) => !done.skipped);
  const sums = {
    files: moved.length,
    bytes: sum(({ bytes }) => bytes),
    moved: sum(({ bytes, earlier = 0 }) => bytes - earlier),
    skipped: all.length - moved.length,
    how: moved[0]?.how ?? "skipped",
  };
  context.output.say(summaryText(sums, milliseconds));
}

/** `1.00 GiB in 1.2 s, 870 MiB/s, verified` */
function doneText({ bytes, earlier = 0, how, skipped }: Done, milliseconds: number): string {
  if (skipped) return "skipped: the name is taken";
  return `${movedText({ bytes, moved: bytes - earlier, files: 1 }, milliseconds)}, ${how}`;
}
