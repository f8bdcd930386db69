/**
 * Uploads trees over one connection: local folders are read while files are on their way, as many as
 * the server allows streams. Links are not followed, except one that the caller named.
 */
import { dirname } from "node:path";
import { LeatError } from "../../errors.ts";
import { SMALL_FILE } from "../../limits.ts";
import { kept } from "../local/kept.ts";
import { LocalFolder } from "../local/local-folder.ts";
import { below, quote } from "../../store/names.ts";
import type { SmallFile } from "../local/small-file.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Calls } from "../calls/calls.ts";
import { UploadLoops } from "./into-itself.ts";
import { durabilityOf, IF_EXISTS } from "../upload/options.ts";
import { notDoneOf } from "../upload/receipt.ts";
import {
  type PutTreeOptions,
  type TreeOutcome,
  type TreeRoot,
  type LeftOut,
  type Roots,
  outcomeOf,
  checkDepth,
  isAFolder,
} from "./tree.ts";
import { isWorthTrying, PutFiles } from "./put-files.ts";
import type { PutFolder } from "./put-folder.ts";
import { PutFolders, type SourceFolder } from "./put-folders.ts";
import { PutPlaces } from "./put-places.ts";
import type { Selection, Settled } from "./selection.ts";
import { TreeRun } from "./tree-run.ts";
import { TreeUpload, type TreeUploadItem } from "./tree-upload.ts";
import type { TreeOutcome as WireOutcome } from "../../wire/gen/messages.ts";
import { failureError } from "../../session/failure.ts";
import { crc32 } from "../../hash.ts";

/** A root that the caller knows from a walk: a link that has taken its place is not followed. */
export interface HeldRoot extends TreeRoot {
  /** The local folder that it is in, held for it once. */
  readonly folder: LocalFolder;
  /** In that folder. */
  readonly name: string;
  /** Of a folder: what is in it comes by itself, if at all. */
  readonly isBare?: boolean;
}

/** Uploads several trees or files. One that fails does not stop the others. */
export class TreePut {
  readonly #calls: Calls;
  readonly #run: TreeRun;
  readonly #options: Settled<PutTreeOptions>;
  readonly #selection: Selection;
  readonly #loops: UploadLoops;
  readonly #files: PutFiles;
  readonly #folders: PutFolders;
  /** The path in the library of the tree that is read now. */
  #target = "";
  /** The folder of the library in which all roots are. */
  readonly #base: string | undefined;
  /** Takes the roots one after another, if they are in one folder. */
  #places: PutPlaces | undefined;

  /** @param base a folder of the library that exists: all roots are in it, and come in the order of a walk */
  constructor(
    calls: Calls,
    options: Settled<PutTreeOptions>,
    base?: string,
    selection: Selection = {},
  ) {
    this.#selection = selection;
    this.#calls = calls;
    this.#run = new TreeRun(calls.link, options);
    this.#folders = new PutFolders(calls, this.#run, options);
    this.#options = options;
    this.#base = base;
    this.#loops = new UploadLoops(calls, this.#run);
    const onReceived = (): void => void (this.#loops.received = true);
    this.#files = new PutFiles(calls, this.#run, { ...options, ...selection }, onReceived);
  }

  /** @param begun called behind the last root: what still comes on the stream is sent when this resolves */
  outcomes(roots: Roots, begun?: () => MaybePromise<void>): AsyncGenerator<TreeOutcome, LeftOut> {
    const end = async (): Promise<void> => {
      await begun?.();
      await this.#places?.upload.finish();
    };
    return this.#run.outcomes(roots, (root) => this.#root(root), end);
  }

  /** The stream that roots in one folder share. */
  get upload(): TreeUpload | undefined {
    return this.#places?.upload;
  }

  /** A root that is a link is followed: the caller named it. */
  async #root(root: TreeRoot | HeldRoot): Promise<void> {
    const { folder: parent, name } =
      "folder" in root ? root : LocalFolder.realPlace(root.local, this.#options.links === "follow");
    using held = parent;
    const places = this.#base === undefined ? undefined : await this.#openPlaces(this.#base);
    if (places !== undefined) return await this.#placed({ ...root, folder: held, name }, places);
    const kind = held.kindOf(name);
    if (this.#excludes(root.place, kind)) return;
    if (this.#options.parents === true) await this.#folders.makeAbove(root.path);
    if (kind !== "DIRECTORY") return await this.#files.begin(held, root, name);
    const { folders = "contents" } = this.#options;
    if (folders === "refuse") throw isAFolder(root.local);
    if (folders === "empty" || ("isBare" in root && root.isBare === true)) {
      using folder = held.child(name, root.local);
      return await this.#folders.make({ root, folder, depth: 0, made: this.#folders.bare(root) });
    }
    await this.#loops.checkRoot(root);
    this.#target = root.path;
    const sent = await this.#tree(root, held.child(name, root.local));
    if (sent !== undefined) await this.#finish(sent);
  }

  /** @returns undefined where the server does not take trees */
  async #openPlaces(base: string): Promise<PutPlaces | undefined> {
    if (this.#places?.upload.hasFailed === false) return this.#places;
    const upload = await this.#openUpload(base);
    return (this.#places = upload && new PutPlaces(upload, base));
  }

  /** Sends a file or folder on the stream that it shares with others. */
  async #placed({ path, local, folder, name, isBare }: HeldRoot, places: PutPlaces): Promise<void> {
    const { upload } = places;
    const base = this.#base!;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const root = { path: parent, local: dirname(local) };
    const within = parent.slice(base === "" ? 0 : base.length + 1);
    const depth = within === "" ? 0 : within.split("/").length;
    const source = { root, folder, depth, upload, made: places.folderAt(parent) };
    this.#target = base;
    if (isBare !== true) return await this.#entry(source, name);
    await this.#waitFor(upload);
    using child = folder.child(name, local);
    const item = { path, local };
    const made = this.#folders.bare(item, source.made, name);
    this.#folders.send(upload, source, { root: item, folder: child, depth: depth + 1, made });
    places.made(path, made);
  }

  /** @returns undefined where the server does not take trees, or files are compared first */
  async #openUpload(path: string, mode?: number): Promise<TreeUpload | undefined> {
    const { small, signal } = this.#run;
    // It would take the contents of files that may be there already.
    if (this.#selection.keeps !== undefined) return undefined;
    const ifExists = IF_EXISTS[this.#options.ifExists ?? "fail"];
    const upload = await TreeUpload.open(this.#calls.link, { path, ifExists, mode }, signal);
    if (upload !== undefined) small.add(upload);
    return upload;
  }

  /** @param folder is closed when all that is in it has ended @returns the stream, if it has one */
  async #tree(root: TreeRoot, folder: LocalFolder): Promise<SentTree | undefined> {
    using _open = folder;
    const upload = await this.#openUpload(root.path, this.#folders.fillingMode(folder));
    const made = this.#folders.watch({ root, folder, upload });
    const source = { root, folder, depth: 0, upload, made };
    if (upload === undefined) return void (await this.#folder(source));
    made.made();
    // What was sent before a failure is stored all the same.
    await this.#run.attempt(root, "DIRECTORY", () => this.#folder(source));
    return { upload, made };
  }

  async #finish({ upload, made }: SentTree): Promise<void> {
    const { small } = this.#run;
    try {
      // Folders with large files get their attributes on the stream, too.
      if (made.isAwaited) await made.whole();
      await upload.finish();
    } finally {
      small.delete(upload);
      upload.cancel(new LeatError("CANCELLED", "it was given up"));
    }
  }

  /** Its files are open when this resolves. */
  async #folder(source: SourceFolder): Promise<void> {
    const { root, folder, upload } = source;
    if (upload === undefined) await this.#folders.make(source);
    const skipped = await folder.names((name) => this.#entry(source, name));
    this.#folders.left(source);
    if (skipped > 0) throw notOnTheWire(skipped, quote(root.local));
  }

  /** @returns a promise only where the caller has to wait */
  #entry(source: SourceFolder, name: string): MaybePromise<void> {
    const { root, folder, upload, made } = source;
    if (made.hasFailed) return; // which was reported
    const waits = this.#waitFor(upload);
    if (waits !== undefined) return waits.then(() => this.#entry(source, name));
    if (this.#selection.filter !== undefined) {
      const place = below(root.path, name).slice(this.#target === "" ? 0 : this.#target.length + 1);
      if (this.#excludes(place, kindIn(folder, name))) return;
    }
    if (this.#selection.keeps !== undefined) return this.#slowEntry(source, name);
    const small = folder.readSmall(name, upload?.contentsUpTo ?? SMALL_FILE);
    if (small === undefined) return this.#slowEntry(source, name);
    const item = { path: below(root.path, name), local: below(root.local, name) };
    if (upload === undefined) this.#files.sendSmall(folder, item, name, small);
    else if (small.mode === 0)
      return this.#slowEntry(source, name); // has no form in an item
    else upload.send(this.#fileItem({ folder, item, name, small, parent: made }));
  }

  #excludes(place: string | undefined, kind: string | undefined): boolean {
    return (
      place !== undefined && this.#selection.filter?.excludes(place, kind === "DIRECTORY") === true
    );
  }

  /** @returns a promise where there is no room for one more small file */
  #waitFor(upload: TreeUpload | undefined): Promise<void> | undefined {
    const run = this.#run;
    if (upload === undefined) return run.hasRoom(0) ? undefined : run.room(0);
    if (!run.hasItemRoom) return run.itemRoom();
    return upload.hasRoom ? undefined : upload.room();
  }

  #fileItem({ folder, item, name, small, parent }: SmallItem): TreeUploadItem {
    const end = this.#run.beginItem(item, folder);
    const { bytes } = small;
    const crc = crc32(bytes); // now that they are in the cache of the processor
    const { modified, mode } = kept(small, this.#options);
    const sendAgain = (): void => {
      parent.awaits();
      end(this.#files.send(item, this.#files.origin(folder, item, name)));
    };
    return {
      parent,
      entry: { name, kind: "FILE", size: bytes.length, modified, mode },
      bytes,
      done: (outcome) => {
        if (parent.hasFailed) return end(undefined);
        const error = outcome.failure && failureError(outcome.failure);
        if (error !== undefined && isWorthTrying(error)) return sendAgain();
        end(
          error === undefined
            ? this.#stored(item, bytes.length, crc, outcome)
            : this.#run.failed(item, "FILE", error),
        );
      },
      failed: (error) => {
        if (error.code === "UNIMPLEMENTED") return sendAgain(); // the next stream takes no file of this size
        end(this.#run.failed(item, "FILE", error));
      },
    };
  }

  #stored(item: TreeRoot, sent: number, crc: number, outcome: WireOutcome): TreeOutcome {
    this.#loops.received = true;
    const { skipped, size, version } = outcome;
    if (skipped && this.#options.ifExists === "skip")
      return outcomeOf(item, { size, version, skipped });
    if (skipped || size !== sent) {
      const how = skipped ? "was skipped" : `has ${size} bytes, where ${sent} were sent`;
      const message = `the server says that ${quote(item.path)} ${how}: the file that is there now may be another one`;
      return this.#run.failed(item, "FILE", new LeatError("PROTOCOL_ERROR", message));
    }
    this.#run.moved(size, item);
    const durability = durabilityOf(outcome.durability);
    return outcomeOf(item, {
      size,
      version,
      durability,
      notDone: notDoneOf(outcome),
      crc32: crc,
    });
  }

  /** One that leads to something in the tree is made as a link. */
  async #link({ folder, depth, made }: SourceFolder, item: TreeRoot, name: string): Promise<void> {
    const target = this.#options.links === "skip" ? undefined : folder.readLink(name, depth);
    if (target === undefined) return this.#run.leaveOut(item.local, true);
    made.awaits();
    await this.#run.attempt(item, "FILE", () => this.#files.link(folder, item, target, made));
  }

  async #slowEntry(source: SourceFolder, name: string): Promise<void> {
    const { root, folder, depth, upload, made } = source;
    const item = { path: below(root.path, name), local: below(root.local, name) };
    let kind: ReturnType<LocalFolder["kindOf"]>;
    try {
      kind = folder.kindOf(name);
    } catch (thrown) {
      return this.#run.report(this.#run.failed(item, "FILE", thrown));
    }
    if (kind === undefined) return; // gone since the names were read
    if (kind === "LINK") return await this.#link(source, item, name);
    if (kind === "OTHER") return this.#run.leaveOut(item.local, false);
    await this.#run.attempt(item, kind, async () => {
      if (kind === "FILE") {
        made.awaits();
        await this.#files.begin(folder, item, name, made);
        return;
      }
      using child = folder.child(name, item.local);
      const has = (path: string): boolean => child.hasFolder(path);
      const asks = this.#loops.checkFolder(item.local, this.#target, has);
      if (asks !== undefined) await asks;
      checkDepth(item.local, depth + 1);
      const waits = this.#waitFor(upload);
      if (waits !== undefined) await waits;
      const within = { root: item, folder: child, depth: depth + 1, upload };
      const sent = { ...within, made: this.#folders.watch(within, made, name) };
      if (upload !== undefined) this.#folders.send(upload, source, sent);
      await this.#folder(sent);
    });
  }
}

/** A tree of which all was sent, or has begun. */
interface SentTree {
  readonly upload: TreeUpload;
  readonly made: PutFolder;
}

interface SmallItem {
  readonly folder: LocalFolder;
  readonly item: TreeRoot;
  readonly name: string;
  readonly small: SmallFile;
  readonly parent: PutFolder;
}

/** @returns undefined also where it cannot be told: moving it reports that */
function kindIn(folder: LocalFolder, name: string): ReturnType<LocalFolder["kindOf"]> {
  try {
    return folder.kindOf(name);
  } catch {
    return undefined;
  }
}

/** @param where the folder, as a message names it */
export function notOnTheWire(names: number, where: string): LeatError {
  const why = "they are not UTF-8, or have control characters";
  return new LeatError("INVALID_NAME", `${names} names in ${where} are left out: ${why}`);
}
