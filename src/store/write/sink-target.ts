/** Where a file goes that is being written, and with which options. */
import type { Folder } from "../resolve/folder.ts";
import type { OpenPlace, Place } from "../resolve/library.ts";
import type { CommitDigest, DurabilityLevel, NotDone, Resumed, Time } from "../store.ts";
import type { Versions } from "../system/versions.ts";
import type { CollisionRule } from "./collision.ts";
import type { PartialFile } from "./partial.ts";

export interface SinkOptions extends CollisionRule {
  /** Bytes, when known. */
  readonly size?: number | undefined;
  /** As in `CreateOptions`. */
  readonly allocated?: number | undefined;
  readonly modified?: Time | undefined;
  /** Permission bits of a new file, as in `CreateOptions`. */
  readonly mode?: number | undefined;
  readonly durability: DurabilityLevel;
  /** The partial that it continues. */
  readonly resumed?: Resumed | undefined;
}

/** Where a file is going. Disposed when the Sink ends. */
export interface SinkTarget extends Disposable {
  /**
   * Called just before the file is published. `confirmIntent` follows when it was, `withdrawIntent` when
   * it was not, or when this fails.
   * @param notDone of what was asked for
   * @throws UNAVAILABLE when a newer try has come
   */
  recordIntent?(partial: PartialFile, digest: CommitDigest, notDone: NotDone | undefined): void;
  confirmIntent?(): void;
  withdrawIntent?(): void;
  /** The partial stays for another try. @param bytes that it takes on the disk */
  onKept?(name: string, bytes: number): void;
  /** For messages. */
  readonly path: string;
  readonly versions: Versions;
  /** Permission bits of a new file in this folder, where those of the partial differ. */
  mode?(partial: PartialFile, folder: Folder): number | undefined;
  /** Called again when the file is committed: folders may have been renamed meanwhile. */
  place(): Place;
  /** As `place`, for this turn of the event loop. */
  placeNow?(): OpenPlace;
  /** Puts the partial on disk, in place of `PartialFile.sync`. */
  sync?(partial: PartialFile): Promise<void>;
}
