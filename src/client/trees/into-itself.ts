/**
 * Detects that a tree would be copied into itself, without end: the library of the server may be on this
 * machine. To find out, a folder with a random name is made on one side and looked for on the other.
 */
import { lstatSync, mkdirSync, realpathSync, rmdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type ErrorCode, LeatError } from "../../errors.ts";
import { randomBytes } from "../../hash.ts";
import { CLOSE_DEADLINE } from "../../limits.ts";
import { below, OWN_FOLDER, quote } from "../../store/names.ts";
import type { Calls } from "../calls/calls.ts";
import type { CallOptions } from "../connection/options.ts";
import type { TreeRoot } from "./tree.ts";

/** Codes of a server that does not have the name. */
const NOT_SEEN = new Set<ErrorCode>([
  "INVALID_NAME",
  "NOT_A_DIRECTORY",
  "NOT_FOUND",
  "PERMISSION_DENIED",
]);

/** Codes of a server that makes nothing at the root of its library. */
const NOT_WRITTEN = new Set<ErrorCode>([
  "IO_ERROR",
  "NO_SPACE",
  "PERMISSION_DENIED",
  "QUOTA_EXCEEDED",
  "READ_ONLY",
]);

/**
 * Checks a download before it makes anything.
 * @param mayBeIn whether the source may be in the target: not where the target is emptied
 * @throws INVALID_ARGUMENT
 */
export async function checkGet(
  calls: Calls,
  { path, local }: TreeRoot,
  options: CallOptions,
  mayBeIn = true,
): Promise<void> {
  const contents = local.endsWith("/");
  const folder = realFolder(contents ? local : dirname(resolve(local)));
  if (folder === undefined) return; // making the target reports that
  // The library may be this folder or one around it: the paths that the target would have in it.
  const places = around(folder)
    .filter((library) => isLocal(calls) || isLibrary(library))
    .map((library) => relative(library, folder))
    .filter((place) =>
      overlap(path, contents ? place : below(place, basename(resolve(local))), mayBeIn),
    );
  if (places.length === 0) return;
  const mark = markName();
  if (!tried(() => mkdirSync(join(folder, mark)))) return; // the target cannot be made there either
  try {
    const { mtimeNs } = lstatSync(join(folder, mark), { bigint: true });
    const times = await Promise.all(
      places.map((place) => timeOf(calls, below(place, mark), options)),
    );
    if (times.includes(mtimeNs)) throw intoItself(path, local);
  } finally {
    tried(() => rmdirSync(join(folder, mark)));
  }
}

/** @returns nanoseconds since 1970; undefined where there is nothing */
async function timeOf(
  calls: Calls,
  path: string,
  options: CallOptions,
): Promise<bigint | undefined> {
  try {
    const { modified } = await calls.unary({ case: "stat", value: { path } }, options);
    return modified && BigInt(modified.seconds) * 1_000_000_000n + BigInt(modified.nanoseconds);
  } catch (thrown) {
    const error = LeatError.from(thrown);
    if (NOT_SEEN.has(error.code)) return undefined;
    throw error;
  }
}

/** Checks an upload: its tree must not contain the library that it goes to, or its target there. */
export class UploadLoops {
  readonly #calls: Calls;
  readonly #options: CallOptions;
  /** The server has received something: its library has its own folder now, and is recognised by it. */
  received = false;

  constructor(calls: Calls, options: CallOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  /**
   * Called before the upload makes anything.
   * @param mayBeIn whether the source may be in the target: not where the target is emptied
   * @throws INVALID_ARGUMENT
   */
  async checkRoot({ path, local }: TreeRoot, mayBeIn = true): Promise<void> {
    const folder = realFolder(local);
    if (folder === undefined) return;
    const libraries = around(folder)
      .filter((library) => isLocal(this.#calls) || isLibrary(library))
      .filter((library) => overlap(relative(library, folder), path, mayBeIn));
    if ((await this.#served(libraries)) !== undefined) throw intoItself(local, path);
  }

  /**
   * Called before a folder below the root is read.
   * @param root the path of the tree in the library
   * @param has whether a path leads from it to a folder
   * @returns a promise only where the server has to be asked
   * @throws INVALID_ARGUMENT
   */
  checkFolder(
    local: string,
    root: string,
    has = (path: string): boolean => isFolder(join(local, path)),
  ): Promise<void> | undefined {
    return this.#mayBeLibrary(root, has) ? this.#mustNotBeLibrary(local) : undefined;
  }

  async #mustNotBeLibrary(local: string): Promise<void> {
    if ((await this.#served([resolve(local)])) === undefined) return;
    const message = `${quote(local)} is the library that it would be sent to: it is left out`;
    throw new LeatError("INVALID_ARGUMENT", message);
  }

  #mayBeLibrary(root: string, has: (path: string) => boolean): boolean {
    if (has(OWN_FOLDER)) return true;
    if (!isLocal(this.#calls)) return false;
    // The target is in it; or it is the target itself, and the server has not made its own folder yet.
    return root === "" ? !this.received : has(root);
  }

  /** @returns the folder that is the library of the server */
  async #served(folders: readonly string[]): Promise<string | undefined> {
    if (folders.length === 0) return undefined;
    const mark = markName();
    try {
      await this.#calls.unary({ case: "makeDirectory", value: { path: mark } }, this.#options);
    } catch (thrown) {
      const error = LeatError.from(thrown);
      if (NOT_WRITTEN.has(error.code)) return undefined; // a folder below, the target, may be writable all the same
      await this.#removeMark(mark); // its answer may be lost, and the folder made
      throw error;
    }
    const served = folders.find((folder) => isFolder(join(folder, mark)));
    const removed = this.#removeMark(mark);
    // What follows is asked behind it, and need not wait for its answer. If nothing follows, its caller may close the client.
    if (served !== undefined) await removed;
    return served;
  }

  /** Where it cannot be removed, an empty hidden folder stays. */
  async #removeMark(mark: string): Promise<void> {
    const signal = AbortSignal.timeout(CLOSE_DEADLINE); // also when the upload was aborted
    await this.#calls.unary({ case: "remove", value: { path: mark } }, { signal }).catch(() => {});
  }
}

/** A folder and all above it. */
function around(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...around(parent)];
}

/** Whether a server has made its own folder in it. */
function isLibrary(folder: string): boolean {
  return isFolder(join(folder, OWN_FOLDER));
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false; // nothing can be written there either
  }
}

/** Links followed; undefined where there is none: opening it reports that. */
function realFolder(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Whether the server is known to be on this machine. */
const isLocal = ({ link }: Calls): boolean => link.current.connection.isLocal;

/** Whether the target is in the source; or, unless it may be, the source in the target. */
function overlap(source: string, target: string, mayBeIn: boolean): boolean {
  return isWithin(target, source) || (!mayBeIn && isWithin(source, target));
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
