/** How near leat comes to its peers, and to the same calls in C: one line for each work of the suites `peers` and `secure`. */
import { SAME_CALLS, VERIFYING } from "../peers/competitor.ts";
import type { Measured, Run } from "./run.ts";
import { figureText, groups, numberText, shareOf } from "./tables.ts";

export const RATIOS_TITLE = "leat divided by the best";

export const RATIOS_TEXT =
  "2 means that leat is twice as fast, or needs half of the time or memory. The samples of one round are paired, so a " +
  "ratio may differ from that of the two medians. The best is the one with the best median. The receivers of leat, rsync " +
  "and sftp notice a damaged byte, those of the other peers do not. The same calls in C are the system calls and checksums " +
  "of a transfer and nothing else. An empty cell has nothing to compare.";

/** The suites that let others do the same work. */
const COMPARED: readonly string[] = ["peers", "secure"];

const COLUMNS = ["best peer that verifies", "best peer", SAME_CALLS];

/** As text: the first two cells of a line are the work and leat's median; an empty cell has nothing to compare. */
export interface Ratios {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** @returns undefined when nothing was compared */
export function ratiosOf({ measurements }: Run): Ratios | undefined {
  const works = groups(
    measurements.filter(({ suite }) => COMPARED.includes(suite)),
    ({ work }) => work,
  );
  const lines = [...works.values()].map(lineOf).filter((line) => line !== undefined);
  return lines.length === 0 ? undefined : { head: ["work", "leat", ...COLUMNS], lines };
}

/** The first measure of a work is the one that counts. */
function lineOf(of: readonly Measured[]): string[] | undefined {
  const measured = of.filter(({ measure }) => measure === of[0]!.measure);
  const leat = measured.find(({ who }) => who === "leat");
  if (leat === undefined) return undefined;
  const peers = measured.filter(({ who }) => isPeer(who, measured));
  const verifying = peers.filter(({ who }) => VERIFYING.includes(who));
  const calls = measured.find(({ who }) => who === SAME_CALLS);
  const cells = [
    named(leat, best(verifying)),
    named(leat, best(peers)),
    figureText(shareOf(leat, calls)),
  ];
  if (cells.every((cell) => cell === "")) return undefined;
  return [leat.work, `${numberText(leat.median)} ${leat.unit}`, ...cells];
}

/** Neither a form of leat, nor a bound that is measured beside the peers. */
function isPeer(who: string, measured: readonly Measured[]): boolean {
  if (who === SAME_CALLS || /^leat\b/.test(who)) return false;
  return !measured.some(({ ceiling }) => ceiling === who);
}

function best(measured: readonly Measured[]): Measured | undefined {
  const sign = measured[0]?.better === "more" ? -1 : 1;
  return measured.toSorted((a, b) => sign * (a.median - b.median))[0];
}

function named(leat: Measured, other: Measured | undefined): string {
  const share = figureText(shareOf(leat, other));
  return share === "" ? "" : `${other!.who}: ${share}`;
}
