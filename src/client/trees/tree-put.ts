/**
 * Uploads trees over one connection: local folders are read while files are on their way, as many as
 * the server allows streams. Links are not followed, except one that the caller named.
 */
import { LeatError } from "../../errors.ts";
import { SMALL_FILE, TRANSFER_WINDOW } from "../../limits.ts";
import { LocalFolder } from "../local/local-folder.ts";
import { below, checkPath, quote } from "../../store/names.ts";
import type { SmallFile } from "../local/small-file.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Calls } from "../calls/calls.ts";
import { UploadLoops } from "./into-itself.ts";
import { IF_EXISTS, type Receipt } from "../upload/options.ts";
import { SmallPut } from "../upload/small-put.ts";
import {
  type PutTreeOptions,
  type TreeOutcome,
  type TreeRoot,
  type LeftOut,
  type Roots,
  outcomeOf,
  checkDepth,
} from "./tree.ts";
import { TreeRun } from "./tree-run.ts";
import { type Upload, type UploadOrigin, uploadOf } from "../upload/upload.ts";

/** Uploads several trees or files. One that fails does not stop the others. */
export class TreePut {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #options: PutTreeOptions;
  readonly #loops: UploadLoops;
  /** The path in the library of the tree that is read now. */
  #target = "";

  constructor(calls: Calls, options: PutTreeOptions) {
    this.#calls = calls;
    this.#run = new TreeRun(calls.link, options);
    this.#options = options;
    this.#loops = new UploadLoops(calls, this.#run);
  }

  outcomes(roots: Roots): AsyncGenerator<TreeOutcome, LeftOut> {
    return this.#run.outcomes(roots, (root) => this.#root(root));
  }

  /** A root that is a link is followed: the caller named it. */
  async #root(root: TreeRoot): Promise<void> {
    const { folder, name } = LocalFolder.realPlace(root.local);
    using parent = folder;
    const kind = parent.kindOf(name);
    if (kind !== "DIRECTORY") return await this.#begin(parent, root, name);
    await this.#loops.checkRoot(root);
    this.#target = root.path;
    await this.#folder(root, parent.child(name, root.local), 0);
  }

  /** @param folder closed when it was read: its files are open by then */
  async #folder(root: TreeRoot, folder: LocalFolder, depth: number): Promise<void> {
    using held = folder;
    checkDepth(root.local, depth);
    if (root.path !== "") {
      const value = { path: root.path, parents: true };
      await this.#calls.unary({ case: "makeDirectory", value }, this.#run);
    }
    const skipped = await held.names((name) => this.#entry(held, root, name, depth));
    this.#run.report(outcomeOf(root, { kind: "DIRECTORY" }));
    if (skipped > 0) throw notOnTheWire(skipped, root.local);
  }

  /** @returns a promise only where the caller has to wait */
  #entry(folder: LocalFolder, root: TreeRoot, name: string, depth: number): MaybePromise<void> {
    if (!this.#run.hasRoom(0)) {
      return this.#run.room(0).then(() => this.#entry(folder, root, name, depth));
    }
    const small = folder.readSmall(name, SMALL_FILE);
    if (small === undefined) return this.#slowEntry(folder, root, name, depth);
    const item = { path: below(root.path, name), local: below(root.local, name) };
    this.#sendSmall(folder, item, name, small);
  }

  /** Sends a small file from memory; a failure that another try may mend goes the ordinary way. */
  #sendSmall(folder: LocalFolder, item: TreeRoot, name: string, file: SmallFile): void {
    const end = this.#run.begin(item, 0, folder);
    const { small } = this.#run;
    const put = new SmallPut({
      link: this.#calls.link.current,
      path: item.path,
      file,
      ifExists: IF_EXISTS[this.#options.ifExists ?? "fail"],
      onTaken: (bytes) => this.#run.moved(bytes),
      done: (receipt) => {
        small.delete(put);
        end(this.#sent(item, receipt));
      },
      failed: (error, uploadId) => {
        small.delete(put);
        if (!isWorthTrying(error)) return end(this.#run.failed(item, "FILE", error));
        const open = (): Upload => uploadOf(folder.openFile(name, item.local), false, item.local);
        end(this.#send(item, { open, replayable: true }, uploadId));
      },
    });
    small.add(put);
    put.send();
  }

  async #slowEntry(
    folder: LocalFolder,
    root: TreeRoot,
    name: string,
    depth: number,
  ): Promise<void> {
    const item = { path: below(root.path, name), local: below(root.local, name) };
    const kind = folder.kindOf(name);
    if (kind === undefined) return; // gone since the names were read
    if (kind === "LINK" || kind === "OTHER") return this.#run.leaveOut(item.local, kind === "LINK");
    await this.#run.attempt(item, kind, async () => {
      if (kind === "FILE") return this.#begin(folder, item, name);
      await this.#loops.checkFolder(item.local, this.#target);
      await this.#folder(item, folder.child(name, item.local), depth + 1);
    });
  }

  /** Begins an upload when there is room for it. */
  async #begin(folder: LocalFolder, item: TreeRoot, name: string): Promise<void> {
    checkPath(item.path);
    const open = (): Upload => uploadOf(folder.openFile(name, item.local), false, item.local);
    let first: Upload | undefined = open();
    // At most this much of it is in memory at the server.
    const bytes = Math.min(first.size ?? TRANSFER_WINDOW, TRANSFER_WINDOW);
    try {
      await this.#run.room(bytes);
    } catch (thrown) {
      first.release();
      throw thrown;
    }
    const next = (): Upload => {
      const upload = first ?? open();
      first = undefined;
      return upload;
    };
    const end = this.#run.begin(item, bytes, folder);
    end(this.#send(item, { open: next, replayable: true }));
  }

  /** @param lostId as `Calls.put` */
  async #send(item: TreeRoot, origin: UploadOrigin, lostId?: Uint8Array): Promise<TreeOutcome> {
    const options = { ...this.#options, ...this.#run.hooks(item) };
    return this.#sent(item, await this.#calls.put(item.path, origin, options, lostId));
  }

  #sent(item: TreeRoot, receipt: Receipt): TreeOutcome {
    this.#loops.received = true;
    const { skipped, durability, crc32, notDone } = receipt;
    const { size, version } = receipt.entry;
    const sent = { size, version, skipped, durability, notDone };
    return outcomeOf(item, { ...sent, crc32: skipped ? undefined : crc32 });
  }
}

/** Whether another try may end otherwise. */
function isWorthTrying({ code, retryable }: LeatError): boolean {
  return retryable || code === "CHECKSUM_MISMATCH";
}

function notOnTheWire(names: number, path: string): LeatError {
  const why = "they are not UTF-8, or have control characters";
  return new LeatError("INVALID_NAME", `${names} names in ${quote(path)} are left out: ${why}`);
}
