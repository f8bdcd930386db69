/**
 * Fetches trees over one connection: pages of folders are walked while files are in flight, as many
 * as the server opens streams. The names come from the server and are not trusted: each is one
 * segment, and is made in a folder that is held open, no link followed.
 */
import { LeatError } from "../errors.ts";
import { DOWNLOAD_WINDOW } from "../limits.ts";
import { LocalFolder } from "../store/local-folder.ts";
import { checkPath, isSegment, quote } from "../store/names.ts";
import type { Collision, DurabilityLevel } from "../store/store.ts";
import type { Entry } from "../wire/gen/messages.ts";
import type { Client } from "./client.ts";
import {
  type GetTreeOptions,
  type TreeOutcome,
  type TreeRoot,
  type TreeSummary,
  below,
  checkDepth,
  isConnectionLoss,
  outcomeOf,
} from "./tree.ts";
import { TreeRun } from "./tree-run.ts";

/** As `Client.getTree`, for several. One that fails does not stop the others. */
export function getTrees(
  client: Client,
  roots: readonly TreeRoot[],
  options: GetTreeOptions = {},
): AsyncGenerator<TreeOutcome, TreeSummary> {
  return new TreeGet(client, options).get(roots);
}

class TreeGet {
  readonly #client: Client;
  readonly #run: TreeRun;
  readonly #collision: Collision;
  readonly #durability: DurabilityLevel;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  #arrived = 0;

  constructor(client: Client, options: GetTreeOptions) {
    this.#client = client;
    this.#run = new TreeRun(client.maxStreams, options.signal);
    this.#collision = options.ifExists ?? "replace";
    this.#durability = options.durability ?? "fsync";
    this.#onProgress = options.onProgress;
  }

  get(roots: readonly TreeRoot[]): AsyncGenerator<TreeOutcome, TreeSummary> {
    return this.#run.outcomes(async () => {
      for (const root of roots) await this.#try(root, "FILE", () => this.#root(root));
    });
  }

  async #root(root: TreeRoot): Promise<void> {
    const { path, local } = root;
    const entry = await this.#client.stat(path, this.#run);
    if (entry.kind === "DIRECTORY") {
      return this.#folder(root, LocalFolder.make(local, entry.modified), 0);
    }
    const { folder, name } = LocalFolder.place(local);
    using held = folder;
    await this.#begin(held, root, name, entry.size);
  }

  /** @param folder let go of when it is done */
  async #folder(root: TreeRoot, folder: LocalFolder, depth: number): Promise<void> {
    using held = folder;
    checkDepth(root.path, depth);
    const pages = this.#client.pages(root.path, { hidden: true, signal: this.#run.signal });
    for await (const page of pages) {
      const folders: Entry[] = [];
      for (const entry of page.entries) {
        const of = { path: below(root.path, entry.name), local: below(held.path, entry.name) };
        if (entry.kind === "DIRECTORY" && !entry.link) folders.push(entry);
        else await this.#entry(held, of, entry);
      }
      for (const entry of folders) await this.#subfolder(root, held, entry, depth);
      if (page.skippedNames > 0) {
        const error = unsayable(page.skippedNames, root.path);
        this.#run.tell(outcomeOf(root, { kind: "DIRECTORY", error }));
      }
    }
    this.#run.tell(outcomeOf(root, { kind: "DIRECTORY" }));
  }

  async #subfolder(root: TreeRoot, folder: LocalFolder, entry: Entry, depth: number) {
    const { name, modified } = entry;
    const of = { path: below(root.path, name), local: below(folder.path, name) };
    await this.#try(of, "DIRECTORY", async () => {
      checkName(of.path, name);
      await this.#folder(of, folder.make(name, modified), depth + 1);
    });
  }

  async #entry(folder: LocalFolder, of: TreeRoot, entry: Entry): Promise<void> {
    if (entry.link || entry.kind !== "FILE") return this.#run.leaveOut(of.path, entry.link);
    await this.#try(of, "FILE", () => {
      checkName(of.path, entry.name);
      return this.#begin(folder, of, entry.name, entry.size);
    });
  }

  /** Begins a download when there is room for it. */
  async #begin(folder: LocalFolder, of: TreeRoot, name: string, size: number): Promise<void> {
    if (this.#collision === "fail") folder.mustBeFree(name);
    if (this.#collision === "skip" && folder.kindOf(name) !== undefined) {
      return this.#run.tell(outcomeOf(of, { skipped: true }));
    }
    const bytes = Math.min(size, DOWNLOAD_WINDOW);
    if (!this.#run.hasRoom(bytes)) await this.#run.room(bytes);
    this.#run.begin(bytes);
    folder.hold();
    void this.#fetch(folder, of, name).then((outcome) => {
      folder[Symbol.dispose]();
      this.#run.end(bytes, outcome);
    });
  }

  async #fetch(folder: LocalFolder, of: TreeRoot, name: string): Promise<TreeOutcome> {
    try {
      let before = 0;
      const onProgress = (bytes: number): void => {
        this.#arrive(bytes - before);
        before = bytes;
      };
      const download = await this.#client.get(of.path, { signal: this.#run.signal, onProgress });
      await download.save(folder.at(name), {
        ifExists: this.#collision,
        durability: this.#durability,
        shown: of.local,
      });
      const { size, version } = download.entry;
      return outcomeOf(of, { size, version, durability: this.#durability });
    } catch (thrown) {
      return this.#failed(of, "FILE", thrown);
    }
  }

  #arrive(bytes: number): void {
    this.#arrived += bytes;
    this.#onProgress?.(this.#arrived);
  }

  /** What fails here is told of, and the rest goes on. */
  async #try(of: TreeRoot, kind: TreeOutcome["kind"], step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      this.#run.tell(this.#failed(of, kind, thrown));
    }
  }

  #failed(of: TreeRoot, kind: TreeOutcome["kind"], thrown: unknown): TreeOutcome {
    const error = LeatError.from(thrown);
    if (this.#client.isOver && isConnectionLoss(error)) this.#run.fail(error);
    return outcomeOf(of, { kind, error });
  }
}

/** @throws INVALID_NAME: nothing is written where a server says, but below where the user said */
function checkName(path: string, name: string): void {
  if (!isSegment(name)) {
    throw new LeatError("INVALID_NAME", `the server lists ${quote(name)}, which is not a name`);
  }
  checkPath(path);
}

function unsayable(names: number, path: string): LeatError {
  const where = path === "" ? "the library" : quote(path);
  return new LeatError(
    "INVALID_NAME",
    `${names} names in ${where} are not UTF-8: they are left out`,
  );
}
