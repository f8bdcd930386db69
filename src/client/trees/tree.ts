/** What moving a whole tree takes and gives: the same for both directions. */
import { LeatError } from "../../errors.ts";
import { TREE_DEPTH } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import type { Collision, DurabilityLevel, NotDone } from "../../store/store.ts";
import type { CallOptions } from "../connection/options.ts";

/** A tree, or a single file, and where it goes. */
export interface TreeRoot {
  /** In the library. */
  readonly path: string;
  /** On this machine. A link as its last segment is followed only if it ends in "/". */
  readonly local: string;
}

/** How to move a tree. */
export interface TreeOptions extends CallOptions {
  /** When the name of a file is taken; folders that exist are filled. `replace` for a get, `fail` for a put. */
  readonly ifExists?: Collision;
  /** Told of bytes that arrive or leave, of all files together. */
  readonly onProgress?: (bytes: number) => void;
  /** What an interrupted run has left of a file is continued at `offset`; at 0: it is another one now. */
  readonly onResume?: (of: TreeRoot, offset: number, size: number) => void;
  /** A file failed or was given up, and another run can continue it. */
  readonly onKept?: () => void;
}

export interface PutTreeOptions extends TreeOptions {
  /** As `keep` of `Client.put`, for each file. */
  readonly keep?: boolean;
}

/** How to fetch a tree. */
export interface GetTreeOptions extends TreeOptions {
  /** Files may become longer meanwhile, as logs do: what was there when each began is fetched. */
  readonly allowGrowth?: boolean;
  /** `fsync`, the default: a file that is told of is on disk. */
  readonly durability?: DurabilityLevel;
}

/** What came of one file or folder. */
export interface TreeOutcome {
  /** In the library. */
  readonly path: string;
  /** On this machine. */
  readonly local: string;
  readonly kind: "FILE" | "DIRECTORY";
  /** Of the file as it now is; bytes. */
  readonly size: number;
  /** As the server has it; "" for a folder, and where it failed. */
  readonly version: string;
  /** Nothing was moved: the name is taken. */
  readonly skipped: boolean;
  /** `fsync` only where the file is on disk for sure. */
  readonly durability: DurabilityLevel;
  /** What was asked for and the file system that the file came to cannot do. */
  readonly notDone?: NotDone | undefined;
  /** Of the whole file; undefined where it was not sent. */
  readonly crc32: number | undefined;
  /** Why it is not there. */
  readonly error: LeatError | undefined;
}

/** What was left out on purpose. */
export interface LeftOut {
  /** Links are not followed. */
  readonly links: number;
  /** Neither files nor folders: pipes, sockets, devices. */
  readonly others: number;
  /** One of them, to be named. */
  readonly example: string | undefined;
}

/** What was moved, and what was left out on purpose. */
export interface TreeSummary extends LeftOut {
  readonly files: number;
  /** Made, or there already. */
  readonly folders: number;
  /** Of the files. */
  readonly bytes: number;
  /** Files whose names were taken. */
  readonly skipped: number;
}

/** An outcome with what most have. */
export function outcomeOf(
  { path, local }: TreeRoot,
  facts: Partial<Omit<TreeOutcome, "path" | "local">> = {},
): TreeOutcome {
  return {
    path,
    local,
    kind: "FILE",
    size: 0,
    version: "",
    skipped: false,
    durability: "none",
    crc32: undefined,
    error: undefined,
    ...facts,
  };
}

/** Below a folder: "" is the library itself. */
export function below(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

/** Each folder on the way is held open. @throws INVALID_NAME */
export function checkDepth(path: string, depth: number): void {
  if (depth <= TREE_DEPTH) return;
  const message = `${quote(path)} is ${depth} folders deep; ${TREE_DEPTH} are allowed`;
  throw new LeatError("INVALID_NAME", message);
}

/** The next file would fail for the same reason. */
export function isConnectionLoss({ code }: LeatError): boolean {
  return code === "CONNECTION_LOST" || code === "UNAVAILABLE";
}
