/** The folders of a tree that goes to the server: each is made, and gets its attributes when all that is in it is there. */
import { LeatError } from "../../errors.ts";
import { ROOTS_AHEAD } from "../../limits.ts";
import { failureError } from "../../session/failure.ts";
import type { FolderAttributes } from "../../store/store.ts";
import type { TreeOutcome as WireOutcome } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { kept } from "../local/kept.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import { notSet, putAttributes } from "./put-attributes.ts";
import { PutFolder } from "./put-folder.ts";
import type { Settled } from "./selection.ts";
import { type PutTreeOptions, type TreeOutcome, type TreeRoot, outcomeOf } from "./tree.ts";
import type { TreeRun } from "./tree-run.ts";
import type { TreeUpload } from "./tree-upload.ts";

/** A local folder that is read. */
export interface SourceFolder {
  readonly root: TreeRoot;
  readonly folder: LocalFolder;
  readonly depth: number;
  /** Takes what is in it, and the folder itself; missing where the server is an older one. */
  readonly upload?: TreeUpload | undefined;
  readonly made: PutFolder;
}

export class PutFolders {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #options: Settled<PutTreeOptions>;
  /** Folders above roots that were made. */
  readonly #above = new Set<string>();

  constructor(calls: Calls, run: TreeRun, options: Settled<PutTreeOptions>) {
    this.#calls = calls;
    this.#run = run;
    this.#options = options;
  }

  /** A folder that is reported when it is made: its attributes come later. */
  bare(root: TreeRoot, parent?: PutFolder, name = ""): PutFolder {
    const made = new PutFolder(parent, name, () => {
      this.#run.report(outcomeOf(root, { kind: "DIRECTORY" }));
      made.ended();
    });
    made.closed();
    return made;
  }

  /** Makes the folders above a root, unless they were made for one of the last. */
  async makeAbove(root: string): Promise<void> {
    const path = root.slice(0, Math.max(0, root.lastIndexOf("/")));
    if (path === "" || this.#above.has(path)) return;
    const value = { path, parents: true };
    await this.#calls.unary({ case: "makeDirectory", value }, this.#run);
    if (this.#above.size >= ROOTS_AHEAD) this.#above.clear();
    this.#above.add(path);
  }

  /** Where the server takes no trees. */
  async make({ root: { path }, folder, made }: SourceFolder): Promise<void> {
    try {
      const value = { path, parents: true, mode: this.fillingMode(folder) };
      if (path !== "") await this.#calls.unary({ case: "makeDirectory", value }, this.#run);
      made.made();
    } catch (thrown) {
      made.failed();
      throw thrown;
    }
  }

  /** Of a new folder; undefined where modes are not kept. */
  fillingMode({ fillingMode }: LocalFolder): number | undefined {
    return this.#options.modes === false ? undefined : fillingMode;
  }

  /** @returns the folder on the server, which gets its attributes when all in it is there, and is reported then */
  watch(source: Omit<SourceFolder, "depth" | "made">, parent?: PutFolder, name = ""): PutFolder {
    const { root, folder, upload } = source;
    const complete = async (): Promise<TreeOutcome> => {
      try {
        const attributes = this.#attributes(source, made);
        const notDone = await putAttributes(this.#calls, root.path, attributes, this.#run, upload);
        return outcomeOf(root, { kind: "DIRECTORY", notDone });
      } catch (thrown) {
        return this.#run.failed(root, "DIRECTORY", thrown);
      } finally {
        made.ended();
      }
    };
    const made = new PutFolder(parent, name, () => {
      if (made.isComplete && !made.hasOthers) made.ended();
      else this.#run.begin(root, 0)(complete());
    });
    folder.whenClosed(() => made.closed());
    return made;
  }

  /** Those that a folder gets at its end. */
  #attributes(
    { root, folder }: Pick<SourceFolder, "root" | "folder">,
    { parent }: PutFolder,
  ): FolderAttributes {
    // Only the contents of the root may be meant: then the folder that they go to has attributes of its own.
    if (parent === undefined && /(^|\/)\.{1,2}\/*$/.test(root.local)) return {};
    const { modified, mode } = kept(folder.attributes, this.#options);
    // It is made with a mode that lets its owner fill it, and has this one then.
    return { modified, mode: mode === this.fillingMode(folder) ? undefined : mode };
  }

  /**
   * All that is in the folder was sent, or has begun. If it was sent on the same stream, its modified time is, too: nobody
   * waits for outcomes. A mode that would lock its owner out has to wait for them.
   */
  left(source: SourceFolder): void {
    const { root, folder, upload, made } = source;
    const { modified, mode } = this.#attributes(source, made);
    if (mode !== undefined) made.awaits();
    if (made.hasOthers || modified === undefined || root.path === "") return;
    const coming = upload?.setAttributes(root.path, { modified });
    if (coming === undefined) return;
    made.isComplete = true;
    this.#run.beginItem(root, folder)(this.#outcome(source, coming));
  }

  async #outcome(
    { root, made }: SourceFolder,
    coming: Promise<WireOutcome>,
  ): Promise<TreeOutcome | undefined> {
    try {
      const notDone = notSet(await coming);
      return made.hasOthers ? undefined : outcomeOf(root, { kind: "DIRECTORY", notDone });
    } catch (thrown) {
      if (made.hasFailed) return undefined; // which was reported
      if (LeatError.from(thrown).code !== "UNIMPLEMENTED") {
        return this.#run.failed(root, "DIRECTORY", thrown);
      }
      made.awaits(); // a request follows
      return undefined;
    }
  }

  /** Sends a folder, into which its files may go behind it. */
  send(upload: TreeUpload, parent: SourceFolder, { root, folder, made }: SourceFolder): void {
    const end = this.#run.beginItem(root, parent.folder);
    const failed = (error: LeatError): void => {
      const isFirst = !parent.made.hasFailed;
      made.failed();
      end(isFirst ? this.#run.failed(root, "DIRECTORY", error) : undefined);
    };
    upload.send({
      parent: parent.made,
      folder: made,
      entry: { name: made.name, kind: "DIRECTORY", mode: this.fillingMode(folder) },
      done: ({ failure }) => {
        if (failure !== undefined) return failed(failureError(failure));
        made.made();
        end(undefined);
      },
      failed,
    });
  }
}
