/** Where a file goes that is being written, and how. */
import type { Folder } from "../resolve/folder.ts";
import type { OpenPlace, Place } from "../resolve/library.ts";
import type { CommitDigest, DurabilityLevel, NotDone, Resumed, Time } from "../store.ts";
import type { Versions } from "../system/versions.ts";
import type { CollisionRule } from "./collision.ts";
import type { PartialFile } from "./partial.ts";

export interface SinkOptions extends CollisionRule {
  /** Bytes, when known. */
  readonly size?: number | undefined;
  readonly modified?: Time | undefined;
  /** Permission bits of a new file, as in `CreateOptions`. */
  readonly mode?: number | undefined;
  readonly durability: DurabilityLevel;
  /** What it continues. */
  readonly resumed?: Resumed | undefined;
}

/** Where a file is going. Disposed when the Sink ends. */
export interface SinkTarget extends Disposable {
  /**
   * The partial is about to get its name. Then, when it has it: `confirm`; if it does not, or this
   * fails: `withdraw`.
   * @param notDone of what was asked for
   * @throws UNAVAILABLE when a newer try has come
   */
  recordIntent?(partial: PartialFile, digest: CommitDigest, notDone: NotDone | undefined): void;
  confirmIntent?(): void;
  withdrawIntent?(): void;
  /** The partial stays for another try. @param bytes its size */
  kept?(name: string, bytes: number): void;
  /** For messages. */
  readonly path: string;
  readonly versions: Versions;
  /** Permission bits of a new file in this folder, if the partial was made with others. */
  mode?(partial: PartialFile, folder: Folder): number | undefined;
  /** Finds the place anew when the file is committed: folders move while a file is on its way. */
  place(): Place;
  /** As `place`, for this turn of the event loop. */
  placeNow?(): OpenPlace;
  /** Puts a partial on disk; it does so itself without. */
  sync?(partial: PartialFile): Promise<void>;
}
