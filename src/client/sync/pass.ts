/**
 * One way through both folders. A sync copies in a first pass, and counts what it would remove; it removes in a second
 * one, when everything else is done and the removal is confirmed. A dry run does both in one.
 */
import { LeatError } from "../../errors.ts";
import { below } from "../../store/names.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Walked } from "../local/local-walk.ts";
import { outcomeOf, type TreeRoot } from "../trees/tree.ts";
import { checkName } from "../trees/listed-names.ts";
import { Copying } from "./copying.ts";
import { type Decision, decide } from "./decide.ts";
import { conflict, notSent, tooMany } from "./failures.ts";
import { isNeverRemoved } from "./filter.ts";
import type { Merge, Pair } from "./merge.ts";
import { type AnyOpen, isOpen, OpenFolder } from "./open-folders.ts";
import type { Named, PassOptions } from "./pass-options.ts";
import { Running } from "./running.ts";
import type { Target } from "./side.ts";
import type { SyncOutcome } from "./sync.ts";

export class Pass<Folder> {
  readonly #side: Target<Folder>;
  readonly #merge: Merge;
  readonly #options: PassOptions;
  readonly #folders: AnyOpen<Folder>[];
  readonly #running = new Running();
  readonly #copying: Copying<Folder>;
  /** Files and folders that were removed, or are about to be. */
  #removed = 0;

  /** @param root closed when the pass ends */
  constructor(side: Target<Folder>, merge: Merge, root: OpenFolder<Folder>, options: PassOptions) {
    this.#side = side;
    this.#merge = merge;
    this.#options = options;
    this.#folders = [root];
    this.#copying = new Copying(side, options, this.#running, (...facts) => this.#fail(...facts));
  }

  /** @throws what ended a walk, or the sync */
  async run(): Promise<void> {
    const merge = this.#merge;
    try {
      do {
        for (let pair = this.#next(); pair !== undefined; pair = this.#next()) {
          if (this.#folders.length > pair.depth + 1) await this.#leave(pair.depth + 1);
          const waits = this.#pair(pair);
          if (waits !== undefined) await waits;
        }
      } while (await merge.more());
      await this.#leave(0);
      await this.#running.settled();
    } finally {
      await this.#running.ended();
      for (const open of this.#folders) void this.#shut(open);
    }
  }

  /** The next pair that is not a file without a difference. */
  #next(): Pair | undefined {
    const { filter, rules, tally } = this.#options;
    const looksAtAll =
      filter !== undefined || rules.checksum === true || rules.ignoreExisting === true;
    if (!looksAtAll && this.#folders.at(-1)!.purpose === "sync") {
      this.#merge.passSame(this.#folders.length - 1, rules.modeBits, tally);
    }
    return this.#merge.next();
  }

  async #leave(count: number): Promise<void> {
    while (this.#folders.length > count) {
      const left = this.#folders.pop()!;
      if (!isOpen(left)) continue;
      for (const waits of [this.#shut(left), left.left?.()]) if (waits !== undefined) await waits;
    }
  }

  #shut(open: AnyOpen<Folder>): MaybePromise<void> {
    if (isOpen(open)) return open.close((folder) => this.#side.close(folder));
  }

  #pair({ source, target }: Pair): MaybePromise<void> {
    const parent = this.#folders.at(-1)!;
    const { name } = (source ?? target)!;
    if (name === "") return this.#failed(parent, source, target);
    const isFolder = source?.kind === "DIRECTORY" || target?.kind === "DIRECTORY";
    if (parent.purpose === "ignore") return isFolder ? this.#ignore(parent) : undefined;
    const decision = decide(source, target, this.#options.rules);
    const { filter, tally } = this.#options;
    if (decision === "same" && filter === undefined) {
      tally.unchanged(source!);
      return;
    }
    const place = below(parent.place, name);
    if (filter?.excludes(place, isFolder) === true) {
      if (target !== undefined && isOpen(parent)) parent.kept += 1;
      return isFolder ? this.#ignore(parent) : undefined;
    }
    const { path, local } = parent.item;
    const item = { path: below(path, name), local: below(local, name) };
    const waits = this.#act(parent, decision, { name, item, place, source, target });
    if (!isFolder || this.#hasOpened(item)) return waits;
    if (waits === undefined) return this.#ignore(parent);
    return waits.then(() => {
      if (!this.#hasOpened(item)) this.#ignore(parent);
    });
  }

  /** Whether the folder of this item is the innermost. */
  #hasOpened(item: TreeRoot): boolean {
    return this.#folders.at(-1)!.item === item;
  }

  /** What follows in the folder of the last pair is ignored. */
  #ignore({ item, place }: AnyOpen<Folder>): void {
    this.#folders.push({ item, place, purpose: "ignore" });
    this.#merge.skip();
  }

  #act(parent: AnyOpen<Folder>, decision: Decision, named: Named): MaybePromise<void> {
    const { tally, copies } = this.#options;
    if (!isOpen(parent) || parent.purpose === "remove") return this.#remove(parent, named);
    switch (decision) {
      case "same":
        tally.unchanged(named.source!);
        return;
      case "skip":
        tally.skipped += 1;
        return;
      case "keep":
        tally.kept += 1;
        return;
      case "leave out":
        if (named.source?.failure !== undefined)
          return this.#fail(named, "copy", named.source.failure);
        return tally.leaveOut(named.item.path, named.source?.kind === "LINK");
      case "enter":
        return this.#enter(parent, named);
      case "make":
        return copies || parent.isNew ? this.#make(parent, named) : undefined;
      case "copy":
        return copies || parent.isNew ? this.#copy(parent, named) : undefined;
      case "link":
        return copies || parent.isNew ? this.#link(parent, named) : undefined;
      case "compare":
        return copies ? this.#copying.compare(parent.folder, named) : undefined;
      case "attributes":
        return copies ? this.#copying.setAttributes(parent.folder, named) : undefined;
      case "remove":
        return parent.isProtected || isNeverRemoved(named.place)
          ? void (tally.kept += 1)
          : this.#remove(parent, named);
      case "conflict":
        return this.#fail(named, "copy", conflict(named.item.path, named.source!, named.target!));
      case "replace":
        return this.#replace(parent, named);
    }
  }

  #enter(parent: OpenFolder<Folder>, named: Named): MaybePromise<void> {
    const { name, item, source, target } = named;
    return this.#attempt(named, "copy", () => {
      const checks = this.#side.check?.(item, source!);
      const open = (): Folder => this.#side.open(parent.folder, item, name, source);
      const enter = (): void => {
        const opened = new OpenFolder(named, open);
        // Closing it sets its time.
        if (this.#side.hasTime?.(target!, source!) === false) opened.open();
        this.#folders.push(opened);
      };
      return checks === undefined ? enter() : checks.then(enter);
    });
  }

  #make(parent: OpenFolder<Folder>, named: Named): MaybePromise<void> {
    const { name, item, source } = named;
    return this.#attempt(named, "make", async () => {
      checkName(name);
      await this.#side.check?.(item, source!);
      if (this.#options.takesFolders) return this.#copying.copy(parent.folder, named);
      const folder = await this.#side.make(parent.folder, item, name, source!);
      this.#folders.push(new OpenFolder(named, () => folder, { isNew: true }).open());
      const bare = this.#side.bare?.(parent.folder, item, name);
      if (bare !== undefined) return await this.#copying.begin(bare, source!);
      await this.#options.report({ ...outcomeOf(item, { kind: "DIRECTORY" }), action: "make" });
    });
  }

  #copy(parent: OpenFolder<Folder>, named: Named): MaybePromise<void> {
    return this.#attempt(named, "copy", () => {
      checkName(named.name);
      return this.#copying.copy(parent.folder, named);
    });
  }

  #link(parent: OpenFolder<Folder>, named: Named): MaybePromise<void> {
    const { name, item, source } = named;
    const link = async (): Promise<void> => {
      checkName(name);
      const target = source!.target!;
      const isMade = await this.#side.link(parent.folder, item, name, target);
      if (!isMade) return this.#options.tally.leaveOut(item.path, true);
      await this.#options.report({ ...outcomeOf(item, { target }), action: "copy" });
    };
    return this.#running.start(async () => this.#attempt(named, "copy", link));
  }

  /** Removes what is only in the target, or counts it. */
  #remove(parent: AnyOpen<Folder>, named: Named): MaybePromise<void> {
    if (!isOpen(parent) || this.#options.removes === undefined) {
      return this.#isPartial(named) ? undefined : this.#count(named);
    }
    if (named.target!.kind === "DIRECTORY") return this.#removeFolder(parent, named, () => {});
    return this.#running.start(async () => {
      if (!(await this.#removeOne(parent, named))) parent.kept += 1;
    });
  }

  /** Counts what would be removed; in a folder, all that follows in it, too. */
  #count({ item, place, target }: Named): void {
    const isFolder = target!.kind === "DIRECTORY";
    this.#options.tally.remove(item, isFolder);
    if (isFolder) this.#folders.push({ item, place, purpose: "count" });
  }

  /** @param removed called when nothing of it is left */
  #removeFolder(
    parent: OpenFolder<Folder>,
    named: Named,
    removed: () => MaybePromise<void>,
  ): MaybePromise<void> {
    const { name, item } = named;
    parent.kept += 1; // until it is gone
    return this.#attempt(named, "remove", () => {
      const folder = this.#side.open(parent.folder, item, name, undefined);
      const opened = new OpenFolder(named, () => folder, {
        purpose: "remove",
        left: async () => {
          await this.#running.settled();
          if (opened.kept > 0 || !(await this.#removeOne(parent, named))) return;
          parent.kept -= 1;
          await removed();
        },
      });
      this.#folders.push(opened.open());
    });
  }

  /** The target has something of another kind. */
  #replace(parent: OpenFolder<Folder>, named: Named): MaybePromise<void> {
    const { source, target } = named;
    const copy = (): MaybePromise<void> => {
      if (source!.kind === "LINK") return this.#link(parent, named);
      return source!.kind === "DIRECTORY" ? this.#make(parent, named) : this.#copy(parent, named);
    };
    if (this.#options.removes === undefined) return this.#count(named);
    if (target!.kind === "DIRECTORY") return this.#removeFolder(parent, named, copy);
    return this.#removeOne(parent, named).then((isGone) => (isGone ? copy() : undefined));
  }

  /** @returns whether it is gone */
  async #removeOne(parent: OpenFolder<Folder>, named: Named): Promise<boolean> {
    const { name, item, target } = named;
    const { kind } = target!;
    if (this.#isPartial(named)) return this.#side.removePartial?.(parent.folder, name) === true;
    if ((this.#removed += 1) > this.#options.removes!) {
      // Named once: all that follows stays, too.
      if (this.#removed === this.#options.removes! + 1)
        await this.#fail(named, "remove", tooMany());
      return false;
    }
    try {
      await this.#side.remove(parent.folder, item, name, kind);
    } catch (thrown) {
      if (LeatError.from(thrown).code === "NOT_FOUND") return true;
      await this.#fail(named, "remove", thrown);
      return false;
    }
    const isFolder = kind === "DIRECTORY";
    const facts = outcomeOf(item, { kind: isFolder ? "DIRECTORY" : "FILE", size: target!.size });
    await this.#options.report({ ...facts, action: "remove" });
    return true;
  }

  /** A partial file is not counted. */
  #isPartial({ name, target }: Named): boolean {
    return target?.kind === "FILE" && this.#side.isPartial?.(name) === true;
  }

  /** A step that fails is the outcome of its file or folder; the sync goes on. */
  #attempt(
    named: Named,
    action: SyncOutcome["action"],
    step: () => MaybePromise<void>,
  ): MaybePromise<void> {
    const failed = (thrown: unknown): MaybePromise<void> => this.#fail(named, action, thrown);
    try {
      const waits = step();
      return waits === undefined ? undefined : waits.catch(failed);
    } catch (thrown) {
      return failed(thrown);
    }
  }

  #fail(
    { item, source, target }: Named,
    action: SyncOutcome["action"],
    thrown: unknown,
  ): MaybePromise<void> {
    const error = LeatError.from(thrown);
    if (this.#options.ends(error)) throw error;
    const isFolder = (source ?? target)?.kind === "DIRECTORY";
    const facts = outcomeOf(item, { kind: isFolder ? "DIRECTORY" : "FILE", error });
    return this.#options.report({ ...facts, action });
  }

  /** One of the sides cannot be listed any further, or has names that cannot be sent. */
  #failed(
    parent: AnyOpen<Folder>,
    source: Walked | undefined,
    target: Walked | undefined,
  ): MaybePromise<void> {
    if (!isOpen(parent)) return;
    const { item, place } = parent;
    const { failure, skippedNames = 0 } = (source ?? target)!;
    if (target === undefined) parent.isProtected = true;
    else {
      parent.kept += 1;
      if (failure === undefined) return;
      // What the target has there is not known: nothing is copied over it.
      this.#folders.pop();
      void this.#shut(parent);
      this.#folders.push({ item, place, purpose: "ignore" });
    }
    const error = failure ?? notSent(skippedNames, item.path);
    if (this.#options.ends(error)) throw error;
    return this.#options.report({
      ...outcomeOf(item, { kind: "DIRECTORY", error }),
      action: "copy",
    });
  }
}
