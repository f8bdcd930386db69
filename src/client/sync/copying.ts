/** Hands to a sync what differs: files that are copied, and those that only get other attributes. */
import { LeatError } from "../../errors.ts";
import type { Attributes, MaybePromise, NotDone } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import { outcomeOf, type TreeRoot } from "../trees/tree.ts";
import { hasSameMode, lackingAttributes } from "./attributes.ts";
import type { Named, PassOptions } from "./pass-options.ts";
import type { Running } from "./running.ts";
import { releaseRoot, type Target } from "./side.ts";
import type { SyncOutcome } from "./sync.ts";

/** Reports a failure, which is the outcome of its file or folder. @throws what ends the sync */
export type Fail = (
  named: Named,
  action: SyncOutcome["action"],
  thrown: unknown,
) => MaybePromise<void>;

export class Copying<Folder> {
  readonly #side: Target<Folder>;
  readonly #options: PassOptions;
  readonly #running: Running;
  readonly #fail: Fail;

  constructor(side: Target<Folder>, options: PassOptions, running: Running, fail: Fail) {
    this.#side = side;
    this.#options = options;
    this.#running = running;
    this.#fail = fail;
  }

  /** Begins to copy a file, or a folder with all that is in it. */
  copy(parent: Folder, named: Named): MaybePromise<void> {
    const { name, item, source, target } = named;
    const root = this.#side.root(parent, item, name, source!);
    if (source!.kind !== "FILE" || target?.kind !== "FILE") return this.begin(root, source!);
    const isPlain = hasSameMode(source!, target, this.#options.rules);
    if (isPlain && this.#side.keep === undefined) return this.begin(root, source!);
    return this.#running.start(() => this.#replace(parent, root, named));
  }

  begin(root: TreeRoot, source: Walked): MaybePromise<void> {
    try {
      return this.#options.copy(root, source);
    } catch (thrown) {
      releaseRoot(root); // the sync has ended, and nobody takes it
      throw thrown;
    }
  }

  compare(parent: Folder, named: Named): MaybePromise<void> {
    const { name, item, source, target } = named;
    const { tally, rules } = this.#options;
    const root = this.#side.root(parent, item, name, source!); // holds its folder
    return this.#running.start(async () => {
      try {
        if (await this.#options.differs(item)) return await this.#replace(parent, root, named);
      } catch (thrown) {
        releaseRoot(root);
        return this.#fail(named, "copy", thrown);
      }
      const attributes = lackingAttributes(source!, target!, rules);
      if (attributes === undefined) tally.unchanged(source!);
      else await this.#attempt(named, () => this.#setAttributes(parent, named, attributes));
      releaseRoot(root);
    });
  }

  /** The contents are the same. */
  setAttributes(parent: Folder, named: Named): MaybePromise<void> {
    const { name, item, source, target } = named;
    const attributes = lackingAttributes(source!, target!, this.#options.rules);
    if (attributes === undefined) return undefined;
    const root = this.#side.root(parent, item, name, source!); // holds its folder
    return this.#running.start(async () => {
      await this.#attempt(named, () => this.#setAttributes(parent, named, attributes));
      releaseRoot(root);
    });
  }

  /** The old file is kept. The new one gets the mode of one that is there, which so gets that of the source first. */
  async #replace(parent: Folder, root: TreeRoot, named: Named): Promise<void> {
    const { name, item, source, target } = named;
    const { mode } = source!;
    try {
      const isPlain = hasSameMode(source!, target!, this.#options.rules);
      const isThere = (await this.#side.keep?.(root, !isPlain)) ?? true;
      if (!isPlain && isThere) {
        const set = () => this.#side.setAttributes?.(parent, item, name, { mode });
        await (this.#isMoreOpen(target!, source!) ? set() : unlessDenied(set));
      }
    } catch (thrown) {
      releaseRoot(root);
      return this.#fail(named, "copy", thrown);
    }
    return this.begin(root, source!);
  }

  /** Whether somebody could use what is copied who may not use the source. */
  #isMoreOpen({ mode: target = 0 }: Walked, { mode: source = 0 }: Walked): boolean {
    return (target & ~source & this.#options.rules.modeBits) !== 0;
  }

  async #setAttributes(parent: Folder, named: Named, attributes: Attributes): Promise<void> {
    const { name, item, source } = named;
    const got = await this.#side.setAttributes?.(parent, item, name, attributes);
    const notDone = got && this.#notDone(source!, got);
    await this.#options.report({ ...outcomeOf(item, { notDone }), action: "attributes" });
  }

  #notDone(source: Walked, { modified = source.modified, mode }: Attributes): NotDone | undefined {
    const lacking = lackingAttributes(source, { ...source, modified, mode }, this.#options.rules);
    return (
      lacking && { mode: lacking.mode !== undefined, modified: lacking.modified !== undefined }
    );
  }

  async #attempt(named: Named, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      await this.#fail(named, "attributes", thrown);
    }
  }
}

/** The file is another user's: its mode stays, and it can be replaced all the same. The next sync sets the mode. */
async function unlessDenied(set: () => MaybePromise<unknown>): Promise<void> {
  try {
    await set();
  } catch (thrown) {
    if (LeatError.from(thrown).code !== "PERMISSION_DENIED") throw thrown;
  }
}
