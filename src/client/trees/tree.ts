/** The options and results of moving a tree, the same for both directions. */
import { type ErrorCode, LeatError } from "../../errors.ts";
import { TREE_DEPTH } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import type { Collision, DurabilityLevel, NotDone } from "../../store/store.ts";
import type { CallOptions } from "../connection/options.ts";
import type { KeepOptions } from "../local/kept.ts";
import type { Patterns } from "./filter.ts";

export type { KeepOptions };

/** A tree, or a single file, at both ends. */
export interface TreeRoot {
  /** Its path in the library. */
  readonly path: string;
  /** Its path on this machine. A link as its last segment is followed only if it ends in "/". */
  readonly local: string;
  /** Where the patterns count for the root itself, too: its path for them. */
  readonly place?: string | undefined;
}

/** Roots that come while earlier ones are moved. `fail` is called when the run ends before all of them have come. */
export interface RootFeed extends AsyncIterable<TreeRoot> {
  fail(error: LeatError): void;
}

/** What a run moves, one after another. */
export type Roots = readonly TreeRoot[] | RootFeed;

/** What becomes of the symbolic links in a tree. */
export interface LinksOption {
  /**
   * `copy`, unless given: one that leads to something in the tree, by a relative path that goes up only at its start, is
   * made as a link. The others are left out; with `skip`, all are. `follow` moves what each link leads to. One that cannot be
   * followed fails: it leads to nothing, or back to a folder that it is in; or out of the library, where a server follows none.
   */
  readonly links?: "copy" | "skip" | "follow";
}

/** How to move a tree, in either direction. */
export interface TreeOptions extends CallOptions, Patterns, KeepOptions, LinksOption {
  /** How many transfers run at once, 1 or more: as many as the server allows, unless given. Small files of a tree share one. */
  readonly jobs?: number;
  /**
   * When the name of a file is taken: unless given, `replace` for a get and `fail` for a put. `newer` replaces a file that
   * has an earlier modified time, and `different` one that has another size or modified time. Folders that exist are
   * filled.
   */
  readonly ifExists?: Collision | "newer" | "different";
  /**
   * What is done with a folder that is a root: `contents`, the default, moves it with everything in it; `empty` only makes
   * it; with `refuse` it fails with IS_A_DIRECTORY.
   */
  readonly folders?: "contents" | "empty" | "refuse";
  /** Whether folders above the roots are made where they are missing; unless given, such a root fails with NOT_FOUND. */
  readonly parents?: boolean;
  /** Called as bytes of a file arrive or leave, with the sum of all files so far. */
  readonly onProgress?: (bytes: number, file: TreeRoot) => void;
  /**
   * Called when an earlier run was interrupted in a file: this one continues it at `offset`. 0: it begins
   * anew, because the file is another one now. `size`, in bytes, is that of the whole.
   */
  readonly onResume?: (file: TreeRoot, offset: number, size: number) => void;
  /** Called when a file failed or was cancelled, and another run can continue it. */
  readonly onKept?: () => void;
}

/** How to upload a tree. */
export interface PutTreeOptions extends TreeOptions {
  /** As `keep` of `Client.put`, for each file. */
  readonly keep?: boolean;
}

/** How to download a tree. */
export interface GetTreeOptions extends TreeOptions {
  /** Files may become longer meanwhile, as logs do: the bytes that each had at its start are fetched. */
  readonly allowGrowth?: boolean;
  /** `fsync`, the default: when the outcome of a file is yielded, the file is on disk. */
  readonly durability?: DurabilityLevel;
}

/** The outcome of one file or folder. */
export interface TreeOutcome {
  /** Its path in the library. */
  readonly path: string;
  /** Its path on this machine. */
  readonly local: string;
  readonly kind: "FILE" | "DIRECTORY";
  /** The size of the file in bytes. */
  readonly size: number;
  /** The version that the server has; "" for a folder, and where it failed. */
  readonly version: string;
  /** Nothing was moved: the name is taken, and `ifExists` lets it be. */
  readonly skipped: boolean;
  /** `fsync` only where the file and its name are on disk. */
  readonly durability: DurabilityLevel;
  /** Requested things that the file system of the target cannot do. */
  readonly notDone?: NotDone | undefined;
  /** The CRC-32 of an uploaded file; undefined for a download, and where nothing was sent. */
  readonly crc32: number | undefined;
  /** The text of a link that was made; its `kind` is FILE. */
  readonly target?: string | undefined;
  /** Why it failed; undefined where it did not. */
  readonly error: LeatError | undefined;
}

/** The entries of a tree that were left out on purpose. */
export interface LeftOut {
  /** Links that lead out of the tree, or that the target does not take. */
  readonly links: number;
  /** Neither files nor folders: pipes, sockets, devices. */
  readonly others: number;
  /** The path of the first of them. */
  readonly example: string | undefined;
}

/** How much of a tree was moved, and how much was left out on purpose. */
export interface TreeSummary extends LeftOut {
  /** Files that were moved. */
  readonly files: number;
  /** Folders that were made, or existed already. */
  readonly folders: number;
  /** The size of those files together. */
  readonly bytes: number;
  /** Files that were skipped because their names were taken. */
  readonly skipped: number;
}

/** An outcome with the usual facts, and those that are given. */
export function outcomeOf(
  { path, local }: TreeRoot,
  facts: Partial<Omit<TreeOutcome, "path" | "local">> = {},
): TreeOutcome {
  // Field by field: to spread an object takes a microsecond.
  return {
    path,
    local,
    kind: facts.kind ?? "FILE",
    size: facts.size ?? 0,
    version: facts.version ?? "",
    skipped: facts.skipped ?? false,
    durability: facts.durability ?? "none",
    notDone: facts.notDone,
    crc32: facts.crc32,
    target: facts.target,
    error: facts.error,
  };
}

/** A server that moves no trees on one stream, or not now: several trees of a client may wait for each other. */
const REFUSED = new Set<ErrorCode>(["UNIMPLEMENTED", "RESOURCE_EXHAUSTED"]);

/** For a tree that can be moved in another way. @returns undefined where the server refused the stream @throws all else */
export function unlessRefused(thrown: unknown): undefined {
  if (!(thrown instanceof LeatError) || !REFUSED.has(thrown.code)) throw thrown;
}

/** Limits the folders that are held open at once. @throws INVALID_NAME */
export function checkDepth(path: string, depth: number): void {
  if (depth <= TREE_DEPTH) return;
  const message = `${quote(path)} is ${depth} folders deep; ${TREE_DEPTH} are allowed`;
  throw new LeatError("INVALID_NAME", message);
}

/** For a root that is to be no folder. */
export function isAFolder(path: string): LeatError {
  const what = path === "" ? "the library itself" : quote(path);
  return new LeatError("IS_A_DIRECTORY", `${what} is a folder`);
}
