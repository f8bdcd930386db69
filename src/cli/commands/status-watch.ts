/** `status --watch`: a line every few seconds, as vmstat prints them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerStatus } from "../../client/calls/options.ts";
import type { Context } from "../program/context.ts";
import { bytesText } from "../terminal/units.ts";

/** Lines after which the heading is written once more: fewer than a terminal has. */
const PAGE = 20;

const COLUMNS = ["connections", "requests", "sent/s", "received/s", "memory", "free"] as const;

/** @param pause milliseconds between two lines */
export async function watchStatus(context: Context, json: boolean, pause: number): Promise<void> {
  const { output, signal } = context;
  const client = await context.client();
  let [before, since] = [await client.status({ signal }), performance.now()];
  for (let line = 0; ; line += 1) {
    await sleep(pause, undefined, { signal });
    const [now, at] = [await client.status({ signal }), performance.now()];
    const rates = ratesOf(before, now, at - since);
    [before, since] = [now, at];
    if (json) {
      const { residentBytes = null, freeBytes = null } = now;
      await output.json({ server: client.server, ...now, residentBytes, freeBytes, ...rates });
    } else {
      if (line % PAGE === 0) await output.line(row(COLUMNS));
      await output.line(row(cells(now, rates)));
    }
    await output.flush();
  }
}

interface Rates {
  /** Bytes in a second. */
  readonly sentRate: number;
  readonly receivedRate: number;
}

/** @param milliseconds between the two */
function ratesOf(before: ServerStatus, now: ServerStatus, milliseconds: number): Rates {
  // A server that was restarted in between has begun anew.
  const isSame = now.uptimeSeconds >= before.uptimeSeconds;
  const rate = (name: "bytesSent" | "bytesReceived"): number =>
    Math.round(((now[name] - (isSame ? before[name] : 0)) * 1000) / milliseconds);
  return { sentRate: rate("bytesSent"), receivedRate: rate("bytesReceived") };
}

function cells(now: ServerStatus, { sentRate, receivedRate }: Rates): string[] {
  const known = (bytes: number | undefined) => (bytes === undefined ? "unknown" : bytesText(bytes));
  return [
    String(now.connections),
    String(now.streams),
    bytesText(sentRate),
    bytesText(receivedRate),
    known(now.residentBytes),
    known(now.freeBytes),
  ];
}

const row = (texts: readonly string[]): string => texts.map((text) => text.padStart(12)).join("");
