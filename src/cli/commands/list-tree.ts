/** `list -r`: everything below a folder, one path a line, as `find` shows it. */
import type { WalkedEntry } from "../../client/trees/walk-entries.ts";
import { below } from "../../store/names.ts";
import type { Context } from "../program/context.ts";
import { forEach } from "../program/for-each.ts";
import { withoutEnd } from "../program/paths.ts";
import { entriesText, type ListFlags } from "./entries-text.ts";

/** Entries that are aligned and written together. */
const TOGETHER = 500;

/**
 * @param typed the folder, as typed: the paths that are shown begin with it, and can be typed in the same place
 * @returns how many entries there are
 */
export async function listTree(
  context: Context,
  path: string,
  typed: string,
  flags: ListFlags,
): Promise<{ count: number; skippedNames: number }> {
  const { output, signal } = context;
  const client = await context.client();
  const start = shownStart(typed);
  const entries = client.walk(path, {
    hidden: flags.all === true,
    onError: (error, folder) => context.fail("list", error, below(path, folder)),
    signal,
  });
  let count = 0;
  let gathered: WalkedEntry[] = [];
  const flush = async (): Promise<void> => {
    await output.text(textOf(context, gathered, path, start, flags));
    gathered = [];
  };
  const { skippedNames } = await forEach(entries, (entry) => {
    count += 1;
    return gathered.push(entry) >= TOGETHER ? flush() : undefined;
  });
  await flush();
  await output.flush();
  return { count, skippedNames };
}

function textOf(
  { output }: Context,
  entries: readonly WalkedEntry[],
  path: string,
  start: string,
  flags: ListFlags,
): string {
  const shown = entries.map((entry) =>
    flags.json === true
      ? { ...entry, path: below(path, entry.path) }
      : { ...entry, name: start + entry.path },
  );
  return entriesText(shown, flags, output);
}

/** What stands before each path: `photos/` for `photos` and `./photos/`, nothing for `.`. */
function shownStart(typed: string): string {
  const tidy = withoutEnd(typed.replace(/^(\.\/+)+/, ""));
  if (tidy === "" || tidy === ".") return typed.startsWith("/") ? "/" : "";
  return `${tidy}/`;
}
