/** Counts how much some trees have to move. */
import { statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { ROOTS_AHEAD } from "../../limits.ts";
import { below } from "../../store/names.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { ListSummary } from "../calls/options.ts";
import { LocalWalk, type Walk, type Walked } from "../local/local-walk.ts";
import type { Filter } from "./filter.ts";
import type { LinksOption, TreeRoot } from "./tree.ts";
import type { WalkedEntry, WalkOptions } from "./walk-entries.ts";

export interface CountOptions extends LinksOption {
  readonly filter?: Filter | undefined;
  readonly signal: AbortSignal;
}

export interface Counted {
  readonly files: number;
  readonly bytes: number;
}

/** A client. */
interface Library {
  stat(path: string, options: { readonly signal: AbortSignal }): Promise<Entry>;
  walk(path: string, options: WalkOptions): AsyncGenerator<WalkedEntry, ListSummary>;
}

/** In the library. @returns undefined for many roots: each would be one more request */
export async function countRemote(
  library: Library,
  roots: readonly TreeRoot[],
  options: CountOptions,
): Promise<Counted | undefined> {
  if (roots.length > ROOTS_AHEAD) return undefined;
  const sum = new Sum(options);
  const { signal } = options;
  for (const { path, place } of roots) {
    const { kind, size } = await library.stat(path, { signal });
    if (sum.excludes(place, kind === "DIRECTORY")) continue;
    if (kind !== "DIRECTORY") {
      sum.add(size);
      continue;
    }
    // What cannot be listed is not moved either.
    const entries = library.walk(path, { hidden: true, onError: () => {}, signal });
    for await (const entry of entries) {
      if (entry.link) sum.addLink(entry.path);
      else if (entry.kind === "FILE") sum.addIn(entry.path, entry.size);
    }
  }
  return sum;
}

/** On this machine. */
export async function countLocal(
  roots: readonly TreeRoot[],
  options: CountOptions,
): Promise<Counted> {
  const sum = new Sum(options);
  for (const { local, place } of roots) {
    const found = statSync(local, { throwIfNoEntry: false });
    if (found === undefined || sum.excludes(place, found.isDirectory())) continue;
    if (!found.isDirectory()) {
      sum.add(found.size);
      continue;
    }
    using walk = new LocalWalk(local, options.links);
    await countWalk(walk, sum, options.signal);
  }
  return sum;
}

async function countWalk(walk: Walk, sum: Sum, signal: AbortSignal): Promise<void> {
  /** Of the open folders. */
  const places = [""];
  const take = ({ depth, name, kind, size }: Walked): void => {
    places.length = depth + 1;
    if (name === "") return; // a folder that cannot be read
    const place = below(places[depth]!, name);
    if (kind === "LINK") sum.addLink(place);
    else if (kind === "FILE") sum.addIn(place, size);
    else if (kind === "DIRECTORY") {
      if (sum.excludes(place, true)) walk.skip();
      else places.push(place);
    }
  };
  do {
    if (signal.aborted) throw new LeatError("CANCELLED", "nobody waits for it");
    for (let item = walk.next(); item !== undefined; item = walk.next()) take(item);
  } while (await walk.more());
}

class Sum implements Counted {
  files = 0;
  bytes = 0;
  readonly #options: CountOptions;

  constructor(options: CountOptions) {
    this.#options = options;
  }

  excludes(place: string | undefined, isFolder: boolean): boolean {
    return place !== undefined && this.#options.filter?.excludes(place, isFolder) === true;
  }

  /** @param place relative to the folder that is moved */
  addIn(place: string, size: number): void {
    if (!this.excludes(place, false)) this.add(size);
  }

  /** Most of them lead to something in the tree. */
  addLink(place: string): void {
    if (this.#options.links !== "skip") this.addIn(place, 0);
  }

  add(size: number): void {
    this.files += 1;
    this.bytes += size;
  }
}
