/** `remove -r`: counts, asks, and removes trees. */
import type { Client } from "../../client/client.ts";
import type { Context } from "../program/context.ts";
import { lastSegment } from "../program/paths.ts";
import { askYes } from "../terminal/question.ts";
import { printable } from "../terminal/terminal-text.ts";
import type { Totals } from "../terminal/tree-bar.ts";
import { bytesText, durationText } from "../terminal/units.ts";
import { filesText } from "./summary.ts";

interface Counts {
  files: number;
  folders: number;
  bytes: number;
}

const none = (): Counts => ({ files: 0, folders: 0, bytes: 0 });

/** @param asks a person is asked before anything is removed */
export async function removeTrees(
  context: Context,
  paths: readonly string[],
  asks: boolean,
): Promise<void> {
  const began = performance.now();
  const totals = asks ? none() : undefined;
  const found = totals === undefined ? paths : await confirmed(context, paths, totals);
  if (found.length === 0) return;
  const sums = none();
  const failed = await removeFound(context, found, sums, totals);
  if (!context.chatty) return;
  const rest = failed > 0 ? `; ${failed} failed` : "";
  context.output.say(
    `removed ${sumText(sums)} in ${durationText(performance.now() - began)}${rest}`,
  );
}

/** @param sums counts what was removed @returns how many files and folders were not */
async function removeFound(
  context: Context,
  paths: readonly string[],
  sums: Counts,
  totals: Totals | undefined,
) {
  let failed = 0;
  context.kept();
  using bar = context.progress.beginTree("remove -r", paths.join(" "));
  bar.totals = totals;
  await context.each("remove -r", paths, async ({ signal }, path) => {
    const client = await context.client();
    for await (const outcome of client.removeTreeOutcomes(path, { signal })) {
      if (outcome.error !== undefined) {
        failed += 1;
        context.fail("remove -r", outcome.error, outcome.path);
      } else add(sums, outcome.kind, outcome.size);
      bar.ended(outcome.path);
      bar.files = sums.files;
      bar.failed = failed;
      bar.done = sums.bytes;
    }
  });
  return failed;
}

function add(sums: Counts, kind: string, bytes: number): void {
  if (kind === "DIRECTORY") sums.folders += 1;
  else {
    sums.files += 1;
    sums.bytes += bytes;
  }
}

const sumText = ({ files, folders, bytes }: Counts): string =>
  `${filesText(files, folders)}  ${bytesText(bytes)}`;

/** Counts what would be removed, and asks. @returns the paths that exist; none where the answer is no */
async function confirmed(
  context: Context,
  paths: readonly string[],
  sums: Counts,
): Promise<readonly string[]> {
  const found: string[] = [];
  {
    using bar = context.progress.beginTree("remove -r", "counting");
    await context.each("remove -r", paths, async (_, path) => {
      await countTree(context, path, sums, () => (bar.files = sums.files));
      found.push(path);
    });
  }
  if (found.length === 0 || context.signal.aborted) return [];
  const [example = ""] = found;
  const others = found.length > 1 ? ` and ${found.length - 1} more` : "";
  const question = `remove ${printable(example)}${others}: ${sumText(sums)}? [y/N] `;
  return context.ask && (await askYes(question, context.ask)) ? found : [];
}

async function countTree(
  context: Context,
  path: string,
  sums: Counts,
  onCount: () => void,
): Promise<void> {
  const { signal } = context;
  const client = await context.client();
  const { kind, size } = await client.stat(path, { signal });
  const isTree = kind === "DIRECTORY" && !(await isLink(client, path, signal));
  add(sums, isTree ? "DIRECTORY" : "FILE", kind === "DIRECTORY" ? 0 : size);
  if (!isTree) return;
  // A folder that cannot be listed is named when it is to be removed.
  const entries = client.walk(path, { hidden: true, signal, onError: () => {} });
  for await (const entry of entries) {
    add(sums, entry.link ? "FILE" : entry.kind, entry.link ? 0 : entry.size);
    onCount();
  }
}

/** Only a list says so: elsewhere the facts are those of the folder that the link leads to. */
async function isLink(client: Client, path: string, signal: AbortSignal): Promise<boolean> {
  const name = lastSegment(path);
  const folder = path.slice(0, -name.length - 1);
  for await (const { entries } of client.pages(folder, { hidden: true, signal })) {
    const entry = entries.find((each) => each.name === name);
    if (entry !== undefined) return entry.link;
  }
  return false;
}
