/** Sends the files of a tree that go on a stream of their own each. */
import { LeatError } from "../../errors.ts";
import { TRANSFER_WINDOW } from "../../limits.ts";
import { checkPath } from "../../store/names.ts";
import type { Entry } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import { kept } from "../local/kept.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import type { SmallFile } from "../local/small-file.ts";
import { IF_EXISTS, type PutOptions, type Receipt } from "../upload/options.ts";
import { SmallPut } from "../upload/small-put.ts";
import { type Upload, type UploadOrigin, uploadOf } from "../upload/upload.ts";
import type { PutFolder } from "./put-folder.ts";
import { putLink } from "./put-link.ts";
import type { Selection, Settled, Version } from "./selection.ts";
import { type PutTreeOptions, type TreeOutcome, type TreeRoot, outcomeOf } from "./tree.ts";
import type { TreeRun } from "./tree-run.ts";

type PutRule = Pick<PutOptions, "ifExists" | "ifMatch">;

/** Replaces this version; a folder has none, and is not replaced. */
const only = ({ version }: Entry): PutRule =>
  version === "" ? { ifExists: "replace" } : { ifExists: "replace", ifMatch: version };

type PutFilesOptions = Settled<PutTreeOptions> & Selection;

/** How often a file is compared that somebody else changes meanwhile. */
const COMPARISONS = 3;

export class PutFiles {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #options: PutFilesOptions;
  readonly #onReceived: () => void;

  /** @param onReceived called when the server has taken a file */
  constructor(calls: Calls, run: TreeRun, options: PutFilesOptions, onReceived: () => void) {
    this.#calls = calls;
    this.#run = run;
    this.#options = options;
    this.#onReceived = onReceived;
  }

  /** Sends a small file from memory; a failure that another try may mend goes the ordinary way. */
  sendSmall(folder: LocalFolder, item: TreeRoot, name: string, file: SmallFile): void {
    const end = this.#run.begin(item, 0, folder);
    const { small } = this.#run;
    const put = new SmallPut({
      link: this.#calls.link.current,
      path: item.path,
      file: { bytes: file.bytes, ...kept(file, this.#options) },
      ifExists: IF_EXISTS[this.#options.ifExists ?? "fail"],
      onTaken: (bytes) => this.#run.moved(bytes, item),
      done: (receipt) => {
        small.delete(put);
        end(this.#sent(item, receipt));
      },
      failed: (error, uploadId) => {
        small.delete(put);
        if (!isWorthTrying(error)) return end(this.#run.failed(item, "FILE", error));
        end(this.send(item, this.origin(folder, item, name), uploadId));
      },
    });
    small.add(put);
    put.send();
  }

  /**
   * Begins an upload when there is room for it.
   * @param parent the folder that it goes to: nothing is sent before the server has made it
   */
  async begin(
    folder: LocalFolder,
    item: TreeRoot,
    name: string,
    parent?: PutFolder,
  ): Promise<void> {
    checkPath(item.path);
    const local = this.#options.keeps && folder.versionOf(name);
    if (local !== undefined) {
      const bytes = Math.min(local.size, TRANSFER_WINDOW);
      await this.#run.room(bytes);
      return this.#run.begin(item, bytes, folder)(this.#compared(folder, item, name, local));
    }
    const origin = this.origin(folder, item, name);
    let first: Upload | undefined = origin.open();
    // At most this much of it is in memory at the server.
    const bytes = Math.min(first.size ?? TRANSFER_WINDOW, TRANSFER_WINDOW);
    try {
      await this.#run.room(bytes);
    } catch (thrown) {
      first.release();
      throw thrown;
    }
    const open = (): Upload => {
      const upload = first ?? origin.open();
      first = undefined;
      return upload;
    };
    const send = (): Promise<TreeOutcome> => this.send(item, { ...origin, open });
    const end = this.#run.begin(item, bytes, folder);
    if (parent === undefined || parent.isThere) return end(send());
    const sent = async (): Promise<TreeOutcome | undefined> => {
      if (await parent.isMade()) return await send();
      first?.release();
      return undefined;
    };
    end(sent());
  }

  /** Makes a link, when there is room for it, and its folder is there. */
  async link(
    folder: LocalFolder,
    item: TreeRoot,
    target: string,
    parent: PutFolder,
  ): Promise<void> {
    checkPath(item.path);
    await this.#run.room(0);
    const end = this.#run.begin(item, 0, folder);
    end(parent.isMade().then((isMade) => (isMade ? this.#makeLink(item, target) : undefined)));
  }

  async #makeLink(item: TreeRoot, target: string): Promise<TreeOutcome | undefined> {
    const link = { target, ifExists: IF_EXISTS[this.#options.ifExists ?? "fail"] };
    const made = await putLink(this.#calls, item.path, link, this.#run);
    if (made === undefined) {
      this.#run.leaveOut(item.local, true);
      return undefined;
    }
    this.#onReceived();
    return outcomeOf(item, made === "made" ? { target } : { skipped: true });
  }

  /** A file of a folder that is held open. */
  origin(folder: LocalFolder, { local }: TreeRoot, name: string) {
    const open = (): Upload => {
      const upload = uploadOf(folder.openFile(name, local), false, local);
      return { ...upload, ...kept(upload, this.#options) };
    };
    return { open, replayable: true };
  }

  /** Sends a file unless the one in the library stays: it is replaced only if it is still the one that was compared. */
  async #compared(
    folder: LocalFolder,
    item: TreeRoot,
    name: string,
    local: Version,
  ): Promise<TreeOutcome> {
    for (let count = 1; ; count += 1) {
      const found = await this.#find(item.path);
      if (found?.kind === "FILE" && this.#options.keeps?.(local, found) === true) {
        return outcomeOf(item, { size: found.size, version: found.version, skipped: true });
      }
      const rule: PutRule = found === undefined ? { ifExists: "fail" } : only(found);
      try {
        return await this.send(item, this.origin(folder, item, name), undefined, rule);
      } catch (thrown) {
        const { code } = LeatError.from(thrown);
        const isOther = code === "ALREADY_EXISTS" || code === "PRECONDITION_FAILED";
        if (!isOther || count === COMPARISONS) throw thrown;
      }
    }
  }

  async #find(path: string): Promise<Entry | undefined> {
    try {
      return await this.#calls.unary({ case: "stat", value: { path } }, this.#run);
    } catch (thrown) {
      if (LeatError.from(thrown).code !== "NOT_FOUND") throw thrown;
      return undefined;
    }
  }

  /** @param lostId as `Calls.put` */
  async send(
    item: TreeRoot,
    origin: UploadOrigin,
    lostId?: Uint8Array,
    rule: PutRule = {},
  ): Promise<TreeOutcome> {
    const options = { ...this.#options, ...rule, ...this.#run.hooks(item) };
    return this.#sent(item, await this.#calls.put(item.path, origin, options, lostId));
  }

  #sent(item: TreeRoot, receipt: Receipt): TreeOutcome {
    this.#onReceived();
    const { skipped, durability, crc32, notDone } = receipt;
    const { size, version } = receipt.entry;
    const sent = { size, version, skipped, durability, notDone };
    return outcomeOf(item, { ...sent, crc32: skipped ? undefined : crc32 });
  }
}

/** Whether another try may end otherwise. */
export function isWorthTrying({ code, retryable }: LeatError): boolean {
  return retryable || code === "CHECKSUM_MISMATCH";
}
