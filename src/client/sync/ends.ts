/** The two folders of a sync, looked at before anything is changed. */
import { realpathSync, statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { kept } from "../local/kept.ts";
import { LocalFolder } from "../local/local-folder.ts";
import { LocalWalk, type Walk } from "../local/local-walk.ts";
import type { Filter } from "../trees/filter.ts";
import { checkGet, UploadLoops } from "../trees/into-itself.ts";
import type { LinksOption, TreeRoot } from "../trees/tree.ts";
import { walkTree } from "../trees/tree-walk.ts";
import { DownSide } from "./down.ts";
import { EMPTY_WALK, RemoteWalk } from "./remote-walk.ts";
import type { SyncDownOptions, SyncUpOptions } from "./sync.ts";
import type { Ends } from "./sync-run.ts";
import { UpSide } from "./up.ts";

type Signalled<Options> = Options & { readonly signal: AbortSignal };

/** The library is the source. @throws NOT_FOUND, NOT_A_DIRECTORY, INVALID_ARGUMENT */
export async function downEnds(
  calls: Calls,
  root: TreeRoot,
  options: Signalled<SyncDownOptions>,
): Promise<Ends<LocalFolder>> {
  const { path, local } = root;
  const source = await calls.unary({ case: "stat", value: { path } }, options);
  if (source.kind !== "DIRECTORY") throw notAFolder(path);
  const found = isLocalFolder(local);
  const mayBeIn = options.delete !== true;
  await checkGet(calls, { path, local: found ? `${local}/` : local }, options, mayBeIn);
  const { durability = "fsync" } = options;
  return {
    root,
    side: new DownSide(calls, path, options),
    source: (filter) => walkRemote(calls, path, options, filter && ofAnyKind(filter)),
    target: () => (isLocalFolder(local) ? walkLocal(local, ofTarget(options)) : EMPTY_WALK),
    open: () => LocalFolder.make(realPath(local), kept(source, options), durability),
  };
}

/** The library is the target. @throws NOT_FOUND, NOT_A_DIRECTORY, INVALID_ARGUMENT */
export async function upEnds(
  calls: Calls,
  root: TreeRoot,
  options: Signalled<SyncUpOptions>,
): Promise<Ends<LocalFolder | undefined>> {
  const { path, local } = root;
  new LocalWalk(local)[Symbol.dispose](); // it is a folder
  const loops = new UploadLoops(calls, options);
  await loops.checkRoot(root, options.delete !== true);
  const target = await statFolder(calls, path, options.signal);
  let isThere = target !== undefined;
  const side = new UpSide(calls, options, { loops, path, modified: target?.modified });
  return {
    root,
    side,
    source: () => walkLocal(local, options),
    target: async () => {
      isThere = (await statFolder(calls, path, options.signal)) !== undefined;
      return isThere ? walkRemote(calls, path, ofTarget(options)) : EMPTY_WALK;
    },
    open: async () => {
      const folder = LocalFolder.open(local, options.links === "follow");
      return isThere ? side.watch(folder, path) : await side.makeFor(folder, path);
    },
  };
}

/** A folder of the source that is left out would not tell that a file of this name in the target stays, too. */
function ofAnyKind(filter: Filter): Filter {
  return { ...filter, leaveOut: filter.leaveOut.filter((pattern) => !pattern.endsWith("/")) };
}

/** Links of the target are not followed: what they lead to is not changed. */
function ofTarget<Options extends LinksOption>(options: Options): Options {
  return { ...options, links: options.links === "follow" ? "copy" : options.links };
}

function walkLocal(path: string, { links }: LinksOption): Walk {
  return new LocalWalk(path, links ?? "copy");
}

async function walkRemote(
  calls: Calls,
  path: string,
  { signal, links = "copy" }: Signalled<LinksOption>,
  filter?: Filter,
): Promise<Walk> {
  return new RemoteWalk(await walkTree(calls, path, { contentsUpTo: 0, links, filter, signal }));
}

/** @returns undefined where there is none @throws NOT_A_DIRECTORY */
async function statFolder(
  calls: Calls,
  path: string,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  try {
    const entry = await calls.unary({ case: "stat", value: { path } }, { signal });
    if (entry.kind !== "DIRECTORY") throw notAFolder(path);
    return entry;
  } catch (thrown) {
    if (LeatError.from(thrown).code === "NOT_FOUND") return undefined;
    throw thrown;
  }
}

/** @returns false where there is nothing @throws NOT_A_DIRECTORY */
function isLocalFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isDirectory()) return found !== undefined;
  throw notAFolder(path);
}

/** A target that is a link is followed: the caller named it. */
function realPath(path: string): string {
  return isLocalFolder(path) ? realpathSync(path) : path;
}

function notAFolder(path: string): LeatError {
  return new LeatError("NOT_A_DIRECTORY", `${quote(path)} is a file, and only folders are synced`);
}
