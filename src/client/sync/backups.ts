/** Where files go that a sync replaces or removes: a folder of backups, in which each has the path that it had in the target. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { LeatError } from "../../errors.ts";
import { below, quote } from "../../store/names.ts";
import type { Calls } from "../calls/calls.ts";
import type { CallOptions } from "../connection/options.ts";
import type { Filter } from "../trees/filter.ts";

/** In a folder of the library. */
export class RemoteBackups {
  readonly #calls: Calls;
  readonly #folder: string;
  readonly #options: CallOptions;
  /** The folder of backups that was made last: files come folder by folder. */
  #made: { readonly path: string; readonly done: Promise<unknown> } | undefined;

  constructor(calls: Calls, folder: string, options: CallOptions) {
    this.#calls = calls;
    this.#folder = folder;
    this.#options = options;
  }

  /** @param from in the library @param place relative to the target */
  async move(from: string, place: string): Promise<void> {
    const to = below(this.#folder, place);
    await this.#make(dirname(to));
    const value = { from, to, ifExists: "REPLACE" } as const;
    const rename = () => this.#calls.unary({ case: "rename", value }, this.#options);
    try {
      await rename();
    } catch (thrown) {
      if (LeatError.from(thrown).code !== "OUTCOME_UNKNOWN") throw thrown;
      await rename().catch((again: unknown) => {
        if (LeatError.from(again).code !== "NOT_FOUND") throw again;
      });
    }
  }

  async #make(path: string): Promise<void> {
    if (this.#made?.path !== path) {
      const value = { path, parents: true };
      const done = this.#calls.unary({ case: "makeDirectory", value }, this.#options);
      this.#made = { path, done };
    }
    await this.#made.done;
  }
}

/** The path of a file relative to the folder that is synced. */
export function placeIn(base: string, path: string): string {
  return base === "" ? path : path.slice(base.length + 1);
}

/**
 * A backup that is in the target would be removed as only the target has it.
 * @throws INVALID_ARGUMENT unless the folder of backups is outside of the target, or excluded
 */
export function checkBackups(folder: string, target: string, filter: Filter | undefined): void {
  const names = relative(`/${target}`, `/${folder}`).split("/");
  const isOutside = names[0] === "..";
  if (isOutside && !isAbove(folder, target)) return;
  const places = names.map((_, index) => names.slice(0, index + 1).join("/"));
  if (!isOutside && places.some((place) => place !== "" && filter?.excludes(place, true) === true))
    return;
  const how = isOutside ? "contains" : "is in";
  const why = `the folder of backups ${how} the target, and is not excluded`;
  throw new LeatError("INVALID_ARGUMENT", `${quote(folder)}: ${why}`);
}

function isAbove(folder: string, target: string): boolean {
  return relative(`/${folder}`, `/${target}`).split("/")[0] !== "..";
}

/** Links followed, also of a folder that does not exist yet. */
export function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const whole = resolve(path);
    return join(realPlace(dirname(whole)), basename(whole));
  }
}
