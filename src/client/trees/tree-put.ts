/**
 * Uploads trees over one connection: local folders are walked while files are in flight, as many as
 * the server opens streams. Links are not followed, except one that the caller named.
 */
import { LeatError } from "../../errors.ts";
import { SMALL_FILE, TRANSFER_WINDOW } from "../../limits.ts";
import { LocalFolder } from "../local/local-folder.ts";
import { checkPath, quote } from "../../store/names.ts";
import type { SmallFile } from "../local/small-file.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Client } from "../client.ts";
import { UploadLoops } from "./into-itself.ts";
import { type PutOptions, IF_EXISTS, type Receipt } from "../upload/options.ts";
import { SmallPut } from "../upload/small-put.ts";
import {
  type PutTreeOptions,
  type TreeOutcome,
  type TreeRoot,
  type LeftOut,
  below,
  outcomeOf,
  checkDepth,
  isConnectionLoss,
} from "./tree.ts";
import { TreeRun } from "./tree-run.ts";
import { type Upload, type UploadOrigin, uploadOf } from "../upload/upload.ts";

/** As `Client.putTree`, for several. One that fails does not stop the others. */
export function putTrees(
  client: Client,
  roots: readonly TreeRoot[],
  options: PutTreeOptions = {},
): AsyncGenerator<TreeOutcome, LeftOut> {
  return new TreePut(client, options).put(roots);
}

class TreePut {
  readonly #client: Client;
  readonly #run: TreeRun;
  readonly #options: PutTreeOptions;
  readonly #loops: UploadLoops;
  /** Where the root of the tree at hand goes. */
  #target = "";
  /** Those under way. */
  readonly #small = new Set<SmallPut>();

  constructor(client: Client, options: PutTreeOptions) {
    this.#client = client;
    this.#run = new TreeRun(client.maxStreams, options);
    this.#options = options;
    this.#loops = new UploadLoops(client, { signal: this.#run.signal });
    this.#run.signal.addEventListener("abort", () => {
      for (const call of this.#small) call.cancel(LeatError.from(this.#run.signal.reason));
    });
  }

  put(roots: readonly TreeRoot[]): AsyncGenerator<TreeOutcome, LeftOut> {
    return this.#run.outcomes(async () => {
      for (const root of roots) await this.#try(root, "FILE", () => this.#root(root));
    });
  }

  /** The root is what its name leads to: whoever named it meant that. */
  async #root(root: TreeRoot): Promise<void> {
    const { folder, name } = LocalFolder.realPlace(root.local);
    using parent = folder;
    const kind = parent.kindOf(name);
    if (kind !== "DIRECTORY") return await this.#begin(parent, root, name);
    await this.#loops.checkRoot(root);
    this.#target = root.path;
    await this.#folder(root, parent.child(name, root.local), 0);
  }

  /** @param folder let go of when it is read: files are open by then */
  async #folder(root: TreeRoot, folder: LocalFolder, depth: number): Promise<void> {
    using held = folder;
    checkDepth(root.local, depth);
    if (root.path !== "") {
      await this.#client.makeDirectory(root.path, { parents: true, signal: this.#run.signal });
    }
    const unsayable = await held.names((name) => this.#entry(held, root, name, depth));
    this.#run.tell(outcomeOf(root, { kind: "DIRECTORY" }));
    if (unsayable > 0) throw cannotBeSaid(unsayable, root.local);
  }

  async #subfolder(of: TreeRoot, folder: LocalFolder, name: string, depth: number): Promise<void> {
    await this.#loops.checkFolder(of.local, this.#target);
    await this.#folder(of, folder.child(name, of.local), depth);
  }

  /** @returns a promise only where it has to be waited for */
  #entry(folder: LocalFolder, root: TreeRoot, name: string, depth: number): MaybePromise<void> {
    if (!this.#run.hasRoom(0)) {
      return this.#run.room(0).then(() => this.#entry(folder, root, name, depth));
    }
    const small = folder.readSmall(name, SMALL_FILE);
    if (small === undefined) return this.#slowEntry(folder, root, name, depth);
    const of = { path: below(root.path, name), local: below(root.local, name) };
    this.#sendSmall(folder, of, name, small);
  }

  /** One small file, at once; what has to be tried again goes the ordinary way. */
  #sendSmall(folder: LocalFolder, of: TreeRoot, name: string, file: SmallFile): void {
    this.#run.begin(0);
    folder.hold();
    const end = (outcome: TreeOutcome): void => {
      folder[Symbol.dispose]();
      this.#run.end(0, outcome);
    };
    const calls = this.#small;
    const call = new SmallPut({
      link: this.#client.link,
      path: of.path,
      file,
      ifExists: IF_EXISTS[this.#options.ifExists ?? "fail"],
      onTaken: (bytes) => this.#run.moved(bytes),
      done: (receipt) => {
        calls.delete(call);
        end(this.#sent(of, receipt));
      },
      failed: (error, uploadId) => {
        calls.delete(call);
        if (!isWorthTrying(error)) return end(this.#failed(of, "FILE", error));
        const open = (): Upload => uploadOf(folder.openFile(name, of.local), false, of.local);
        void this.#send(of, { open, replayable: true }, uploadId).then(end);
      },
    });
    call.ask();
    if (!call.over) calls.add(call);
  }

  async #slowEntry(
    folder: LocalFolder,
    root: TreeRoot,
    name: string,
    depth: number,
  ): Promise<void> {
    const of = { path: below(root.path, name), local: below(root.local, name) };
    const kind = folder.kindOf(name);
    if (kind === undefined) return; // gone since the names were read
    if (kind === "LINK" || kind === "OTHER") return this.#run.leaveOut(of.local, kind === "LINK");
    await this.#try(of, kind, () =>
      kind === "FILE"
        ? this.#begin(folder, of, name)
        : this.#subfolder(of, folder, name, depth + 1),
    );
  }

  /** Begins an upload when there is room for it. */
  async #begin(folder: LocalFolder, of: TreeRoot, name: string): Promise<void> {
    checkPath(of.path);
    const open = (): Upload => uploadOf(folder.openFile(name, of.local), false, of.local);
    let first: Upload | undefined = open();
    // As much of it as the server may hold.
    const bytes = Math.min(first.size ?? TRANSFER_WINDOW, TRANSFER_WINDOW);
    try {
      if (!this.#run.hasRoom(bytes)) await this.#run.room(bytes);
    } catch (thrown) {
      first.release();
      throw thrown;
    }
    const next = (): Upload => {
      const upload = first ?? open();
      first = undefined;
      return upload;
    };
    this.#run.begin(bytes);
    folder.hold();
    void this.#send(of, { open: next, replayable: true }).then((outcome) => {
      folder[Symbol.dispose]();
      this.#run.end(bytes, outcome);
    });
  }

  /** @param lost as `Client.putFrom` */
  async #send(of: TreeRoot, origin: UploadOrigin, lost?: Uint8Array): Promise<TreeOutcome> {
    try {
      let before = 0;
      const { ifExists = "fail", keep = false, onKept, onResume } = this.#options;
      const options: PutOptions = {
        ifExists,
        keep,
        ...(onKept === undefined ? {} : { onKept }),
        signal: this.#run.signal,
        onResume: (offset: number, size: number) => {
          before = offset;
          this.#run.callBack("onResume", onResume, of, offset, size);
        },
        onProgress: (bytes: number) => {
          this.#run.moved(bytes - before);
          before = bytes;
        },
      };
      const receipt = await this.#client.putFrom(of.path, origin, options, lost);
      return this.#sent(of, receipt);
    } catch (thrown) {
      return this.#failed(of, "FILE", thrown);
    }
  }

  #sent(of: TreeRoot, receipt: Receipt): TreeOutcome {
    this.#loops.received = true;
    return sent(of, receipt);
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
    if (this.#client.gaveUp && isConnectionLoss(error)) this.#run.fail(error);
    return outcomeOf(of, { kind, error });
  }
}

function sent(of: TreeRoot, receipt: Receipt): TreeOutcome {
  const { entry, skipped, durability, crc32, notDone } = receipt;
  return outcomeOf(of, {
    notDone,
    size: entry.size,
    version: entry.version,
    skipped,
    durability,
    crc32: skipped ? undefined : crc32,
  });
}

/** Whether another try may end otherwise. */
function isWorthTrying({ code, retryable }: LeatError): boolean {
  return retryable || code === "CHECKSUM_MISMATCH";
}

function cannotBeSaid(names: number, path: string): LeatError {
  const why = "they are not UTF-8, or have control characters";
  return new LeatError("INVALID_NAME", `${names} names in ${quote(path)} are left out: ${why}`);
}
