/** What `sync` prints: the plan of a dry run or the objects of --json, the failures, and a line at the end. */
import type { SyncOutcome, SyncRest } from "../../client/sync/sync.ts";
import type { Context } from "../program/context.ts";
import { bytesText, durationText } from "../terminal/units.ts";
import { Lacking, notDoneFacts } from "./not-done.ts";
import { filesText, movedText } from "./summary.ts";
import { noteLeftOut } from "./trees.ts";

interface ReportFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export class SyncReport {
  readonly #context: Context;
  readonly #isDown: boolean;
  readonly #flags: ReportFlags;
  readonly #began = performance.now();
  /** Bytes that were moved, of files that failed, too. */
  moved = 0;
  files = 0;
  failed = 0;
  #folders = 0;
  #bytes = 0;
  #removed = 0;
  /** Files that got other attributes. */
  #set = 0;
  readonly #lacking = new Lacking();
  #isOnDisk = true;
  #rest: SyncRest | undefined;

  /** @param isDown whether the target is on this machine */
  constructor(context: Context, isDown: boolean, flags: ReportFlags) {
    this.#context = context;
    this.#isDown = isDown;
    this.#flags = flags;
  }

  async take(outcome: SyncOutcome): Promise<void> {
    const { action, kind, size, error, notDone } = outcome;
    if (error !== undefined) {
      this.failed += 1;
      return this.#context.fail("sync", error, outcome.path || outcome.local);
    }
    if (action === "remove") this.#removed += 1;
    else if (action === "attributes") this.#set += kind === "FILE" ? 1 : 0;
    else if (kind === "DIRECTORY") this.#folders += action === "make" ? 1 : 0;
    else {
      this.files += 1;
      this.#bytes += size;
      // The answer to a link does not say whether it is on disk.
      if (outcome.durability !== "fsync" && outcome.target === undefined) this.#isOnDisk = false;
    }
    this.#lacking.add(notDone, outcome.path, kind);
    await this.#print(outcome);
  }

  async #print(outcome: SyncOutcome): Promise<void> {
    const { action, path, local, kind, size, version, durability, notDone } = outcome;
    const { json = false, dryRun = false } = this.#flags;
    const { target } = outcome;
    const isFolder = kind === "DIRECTORY";
    const { output } = this.#context;
    if (json) {
      if (target !== undefined)
        return await output.json({ action, path, file: local, link: target });
      const facts = { action, path, file: local, kind: kind.toLowerCase(), size };
      if (action === "attributes") {
        const { size: _size, ...what } = facts;
        return await output.json({ ...what, ...notDoneFacts(notDone) });
      }
      if (dryRun || isFolder || action === "remove") return await output.json(facts);
      return await output.json({ ...facts, version, durability, ...notDoneFacts(notDone) });
    }
    if (!dryRun) return;
    const name = output.name(this.#isDown ? local : path);
    const end = isFolder ? "/" : action === "copy" ? `  ${bytesText(size)}` : "";
    await output.line(`${(action === "attributes" ? "set" : action).padEnd(6)}  ${name}${end}`);
  }

  /** @param rest what was left as it is */
  async end(rest: SyncRest): Promise<void> {
    this.#rest = rest;
    noteLeftOut(this.#context, "sync", rest);
    this.#lacking.note(this.#context, "sync");
    if (this.#flags.json === true) await this.#context.output.json({ summary: this.#facts(rest) });
  }

  /** The line at the end, also of a sync that was interrupted, if it has done anything. */
  sum(): void {
    if (this.#rest === undefined && this.files + this.#folders + this.#removed + this.#set === 0)
      return;
    if (!this.#context.chatty && this.#flags.dryRun !== true) return;
    const { unchanged = 0, skipped = 0, kept = 0, notRemoved } = this.#rest ?? {};
    const left = notRemoved === undefined ? kept : kept + notRemoved.files + notRemoved.folders;
    const parts = [
      this.#movedText(),
      ...(this.#set > 0
        ? [`mode or time of ${filesText(this.#set, 0)} ${this.#would("set")}`]
        : []),
      ...(this.#removed > 0 ? [`${this.#removed} ${this.#would("removed")}`] : []),
      ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
      ...(left > 0 ? [`${left} only in the target`] : []),
      ...(this.failed > 0 ? [`${this.failed} failed`] : []),
    ];
    this.#context.note(parts.join("; "));
  }

  #movedText(): string {
    const milliseconds = performance.now() - this.#began;
    const { files } = this;
    if (files + this.#folders === 0) return `nothing to copy, in ${durationText(milliseconds)}`;
    const names = filesText(files, this.#folders);
    if (this.#flags.dryRun === true) return `${names} would be copied  ${bytesText(this.#bytes)}`;
    const moved = movedText({ bytes: this.#bytes, moved: this.moved, files }, milliseconds);
    const how =
      files === 0
        ? ""
        : `, ${this.#isDown ? "verified, " : ""}${this.#isOnDisk ? "on disk" : "not synced"}`;
    return `${names}  ${moved}${how}`;
  }

  #would(what: string): string {
    return this.#flags.dryRun === true ? `would be ${what}` : what;
  }

  #facts({ unchanged, skipped, kept, links, others, notRemoved }: SyncRest): object {
    return {
      files: this.files,
      folders: this.#folders,
      bytes: this.#bytes,
      removed: this.#removed,
      attributes: this.#set,
      unchanged,
      skipped,
      kept,
      leftOut: links + others,
      notRemoved: notRemoved === undefined ? 0 : notRemoved.files + notRemoved.folders,
      failed: this.failed,
      milliseconds: Math.round(performance.now() - this.#began),
    };
  }
}
