/**
 * Whether a tree would be moved into itself, and be followed there without end: the library of a server
 * may lie on this machine. A name that is made on one side and seen on the other tells.
 */
import { lstatSync, mkdirSync, realpathSync, rmdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { randomBytes } from "../../hash.ts";
import { CLOSE_DEADLINE } from "../../limits.ts";
import { OWN_FOLDER, quote } from "../../store/names.ts";
import type { Client } from "../client.ts";
import type { CallOptions } from "../connection/options.ts";
import { type TreeRoot, below } from "./tree.ts";

/** How it is said that a name is not seen. */
const NOT_SEEN = new Set<ErrorCode>([
  "INVALID_NAME",
  "NOT_A_DIRECTORY",
  "NOT_FOUND",
  "PERMISSION_DENIED",
]);

/** How it is said that nothing can be made at the root of a library. */
const NOT_WRITTEN = new Set<ErrorCode>([
  "IO_ERROR",
  "NO_SPACE",
  "PERMISSION_DENIED",
  "QUOTA_EXCEEDED",
  "READ_ONLY",
]);

/** Before anything is made. @throws INVALID_ARGUMENT */
export async function checkGet(
  client: Client,
  { path, local }: TreeRoot,
  options: CallOptions,
): Promise<void> {
  const contents = local.endsWith("/");
  const folder = realFolder(contents ? local : dirname(resolve(local)));
  if (folder === undefined) return; // whoever opens it tells
  // If the library were this folder, or one around it: where the target would lie in it.
  const places = around(folder)
    .filter((library) => client.isLocal || isLibrary(library))
    .map((library) => relative(library, folder))
    .filter((place) => isWithin(contents ? place : below(place, basename(resolve(local))), path));
  if (places.length === 0) return;
  const mark = markName();
  if (!tried(() => mkdirSync(join(folder, mark)))) return; // nor can anything else be written there
  try {
    const { mtimeNs } = lstatSync(join(folder, mark), { bigint: true });
    const times = await Promise.all(
      places.map((place) => timeOf(client, below(place, mark), options)),
    );
    if (times.includes(mtimeNs)) throw intoItself(path, local);
  } finally {
    tried(() => rmdirSync(join(folder, mark)));
  }
}

/** @returns nanoseconds since 1970; undefined where there is nothing */
async function timeOf(
  client: Client,
  path: string,
  options: CallOptions,
): Promise<bigint | undefined> {
  try {
    const { modified } = await client.stat(path, options);
    return modified && BigInt(modified.seconds) * 1_000_000_000n + BigInt(modified.nanoseconds);
  } catch (thrown) {
    const error = LeatError.from(thrown);
    if (NOT_SEEN.has(error.code)) return undefined;
    throw error;
  }
}

/** Looks whether a tree that is sent lies around the library that it is sent to, or around its target. */
export class UploadLoops {
  readonly #client: Client;
  readonly #options: CallOptions;
  /** Something was received: the library has its own folder now, by which it is recognised. */
  received = false;

  constructor(client: Client, options: CallOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Before anything is made. @throws INVALID_ARGUMENT */
  async checkRoot({ path, local }: TreeRoot): Promise<void> {
    const folder = realFolder(local);
    if (folder === undefined) return;
    const libraries = around(folder)
      .filter((library) => this.#client.isLocal || isLibrary(library))
      .filter((library) => isWithin(path, relative(library, folder)));
    if ((await this.#served(libraries)) !== undefined) throw intoItself(local, path);
  }

  /**
   * Before a folder below the root is entered.
   * @param root of the library: where the tree goes
   * @throws INVALID_ARGUMENT
   */
  async checkFolder(local: string, root: string): Promise<void> {
    const folder = resolve(local);
    if (!this.#mayBeLibrary(folder, root)) return;
    if ((await this.#served([folder])) === undefined) return;
    const message = `${quote(local)} is the library that it would be sent to: it is left out`;
    throw new LeatError("INVALID_ARGUMENT", message);
  }

  #mayBeLibrary(folder: string, root: string): boolean {
    if (isLibrary(folder)) return true;
    if (!this.#client.isLocal) return false;
    // The target is in it; or it is the target, and has no folder of its own yet.
    return root === "" ? !this.received : isFolder(join(folder, root));
  }

  /** @returns the one that is the library of the server */
  async #served(folders: readonly string[]): Promise<string | undefined> {
    if (folders.length === 0) return undefined;
    const mark = markName();
    try {
      await this.#client.makeDirectory(mark, this.#options);
    } catch (thrown) {
      const error = LeatError.from(thrown);
      if (NOT_WRITTEN.has(error.code)) return undefined; // the target, below, may be writable
      await this.#takeAway(mark); // given up, or its answer lost: it may have been made all the same
      throw error;
    }
    const served = folders.find((folder) => isFolder(join(folder, mark)));
    await this.#takeAway(mark);
    return served;
  }

  /** An empty folder, hidden: where it cannot be removed it stays. */
  async #takeAway(mark: string): Promise<void> {
    const signal = AbortSignal.timeout(CLOSE_DEADLINE); // also where the upload was given up
    await this.#client.remove(mark, { signal }).catch(() => {});
  }
}

/** A folder and all around it. */
function around(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...around(parent)];
}

/** Whether a server has left its own folder in it. */
function isLibrary(folder: string): boolean {
  return isFolder(join(folder, OWN_FOLDER));
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false; // what cannot be looked at is not written to
  }
}

/** Links followed; undefined where there is none: whoever opens it tells. */
function realFolder(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

const markName = (): string => `.leat-${randomBytes(8).toString("hex")}`;

function tried(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

function intoItself(from: string, to: string): LeatError {
  const [source, target] = [from, to].map((path) => (path === "" ? "the library" : quote(path)));
  const message = `${source} cannot be moved into itself, to ${target}`;
  return new LeatError("INVALID_ARGUMENT", message);
}
