/** Unfinished uploads of users whose stores are not open: nobody else would remove them. */
import { OWN_FOLDER, USERS_FOLDER } from "../names.ts";
import type { Folder } from "../resolve/folder.ts";
import { UsageRecord } from "../quota/usage-record.ts";
import type { Library } from "../resolve/library.ts";
import type { KeptBounds } from "./kept-partials.ts";
import { PARTIAL_FOLDER, Partials } from "./partials.ts";

/**
 * Removes those that are due, as `Partials.sweepLater`. Errors are ignored: the next sweep tries again.
 * @param library a whole one
 * @param since milliseconds since 1970
 */
export async function sweepUsers(
  library: Library,
  bounds: KeptBounds,
  since: number,
): Promise<void> {
  try {
    using users = open(library.resolver.folder([]), [OWN_FOLDER, USERS_FOLDER]);
    if (users === undefined) return;
    for (const name of await namesIn(users)) {
      // What keeps the files of one user is no reason to keep those of the next.
      await sweepUser(users, name, bounds, since).catch(() => {});
    }
  } catch {
    // As documented.
  }
}

async function sweepUser(
  users: Folder,
  name: string,
  bounds: KeptBounds,
  since: number,
): Promise<void> {
  using usage = usageOf(users, name);
  const folder = open(users.child(name, name), [PARTIAL_FOLDER]);
  if (folder === undefined) return;
  using partials = new Partials(folder, bounds, usage);
  await partials.sweepLater(since);
}

/** What the user has, where there is a quota: other processes may have it open. */
function usageOf(users: Folder, name: string): UsageRecord | undefined {
  using home = users.child(name, name);
  return UsageRecord.of(home);
}

/** @param from closed @returns undefined where it does not exist */
function open(from: Folder, names: readonly string[]): Folder | undefined {
  let folder = from;
  for (const name of names) {
    using parent = folder;
    if (parent.stat(name)?.kind !== "DIRECTORY") return undefined;
    folder = parent.child(name, name);
  }
  return folder;
}

async function namesIn(folder: Folder): Promise<string[]> {
  const names: string[] = [];
  await folder.readNames(USERS_FOLDER, {
    take: (bytes, start, end) =>
      void names.push(Buffer.from(bytes.subarray(start, end)).toString("latin1")),
    settle: () => Promise.resolve(),
  });
  return names;
}
