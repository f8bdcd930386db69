/** A folder of the server, as a sync walks it. */
import type { WalkItem, TreeWalk } from "../trees/tree-walk.ts";
import { isFolder } from "../../transfer/walk-items.ts";
import { isOwnFolder, leadsWithin } from "../../store/names.ts";
import { NO_TIME, type RawFile, reportAt, type Walk, type Walked } from "../local/local-walk.ts";

export class RemoteWalk implements Walk {
  readonly #walk: TreeWalk;
  /** Of the next item. */
  #depth = 0;
  /** An item that was cut in two. */
  #held: Walked | undefined;
  /** What comes is in what a server keeps in a library, which a local walk leaves out as well. */
  #isHidden = false;

  constructor(walk: TreeWalk) {
    this.#walk = walk;
  }

  next(): Walked | undefined {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return held;
    }
    const item = this.#walk.next();
    return item === undefined ? undefined : this.#walked(item);
  }

  get modeBits(): number | undefined {
    return this.#walk.modeBits;
  }

  takeFiles(depth: number, take: (file: RawFile) => boolean): void {
    if (this.#held !== undefined || this.#isHidden || this.#depth !== depth) return;
    this.#walk.takeFiles?.(take);
  }

  more(): Promise<boolean> {
    return this.#walk.more();
  }

  /** The server sends it all the same: on a link, stopping it would take longer than most folders. */
  skip(): void {}

  [Symbol.dispose](): void {
    this.#walk.cancel();
  }

  #walked({ leave, entry, failure, skippedNames }: WalkItem): Walked | undefined {
    this.#depth -= leave;
    const depth = this.#depth;
    const found = entry === undefined ? undefined : walkedEntry(depth, entry);
    if (entry !== undefined && isFolder(entry)) this.#depth += 1;
    if (depth === 0) this.#isHidden = found !== undefined && isOwnFolder(found.name);
    if (this.#isHidden) return this.next();
    // A link that cannot be followed; the rest of the folder comes all the same.
    if (failure !== undefined && found !== undefined) return { ...found, kind: "LINK", failure };
    if (failure === undefined && (skippedNames ?? 0) === 0) return found ?? this.next();
    this.#held = found;
    return reportAt(depth, { failure, skippedNames });
  }
}

function walkedEntry(depth: number, entry: NonNullable<WalkItem["entry"]>): Walked {
  const { name, size, modified = NO_TIME, mode, kind, link = false, target } = entry;
  const found = { depth, name, kind: link ? "LINK" : kindOf(kind), size, modified, mode } as const;
  return link && leadsWithin(target, depth) ? { ...found, target } : found;
}

function kindOf(kind: string): Walked["kind"] {
  return kind === "FILE" || kind === "DIRECTORY" ? kind : "OTHER";
}

/** A folder that does not exist. */
export const EMPTY_WALK: Walk = {
  next: () => undefined,
  more: () => Promise.resolve(false),
  skip: () => {},
  [Symbol.dispose]: () => {},
};
