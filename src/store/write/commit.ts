/** The commit of a file that was written: mode and time, sync, publication, sync of its name. */

import { LeatError } from "../../errors.ts";
import { quote } from "../names.ts";
import type { OpenPlace, Place } from "../resolve/library.ts";
import type { CommitDigest, NotDone, Stored, StoreEntry } from "../store.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Facts } from "../system/facts.ts";
import { alreadyExists } from "../system/refusals.ts";
import { ignoreErrors, isSupported } from "../system/system-error.ts";
import { checkCollision } from "./collision.ts";
import { setModeAndTime } from "./mode-and-time.ts";
import type { PartialFile } from "./partial.ts";
import { publish, withdraw } from "./publish.ts";
import type { SinkOptions, SinkTarget } from "./sink-target.ts";
import { syncFolder } from "./sync-folder.ts";
import { newNamesOnDisk } from "./sync-new-names.ts";

interface Published {
  readonly entry: StoreEntry;
  readonly facts: Facts;
  /** Whether another file had the name before. */
  readonly replaced: boolean;
}

/** One commit of one partial file. If it fails, the partial file is left to the caller. */
export class Commit {
  readonly #partial: PartialFile;
  readonly #target: SinkTarget;
  readonly #options: SinkOptions;
  #notDone: NotDone | undefined;

  constructor(partial: PartialFile, target: SinkTarget, options: SinkOptions) {
    this.#partial = partial;
    this.#target = target;
    this.#options = options;
  }

  /** Commits without a sync, in this turn of the event loop. */
  now(digest: CommitDigest | undefined): Stored {
    const place = this.#target.placeNow?.();
    if (place !== undefined) return this.#publishNow(place, digest);
    using found = this.#target.place();
    return this.#publishNow(found, digest);
  }

  /** Commits so that the file and its name are on disk. @param check called after the sync of the bytes */
  async onDisk(digest: CommitDigest | undefined, check: () => void): Promise<Stored> {
    {
      using place = this.#target.place();
      this.#prepare(place);
    }
    const partial = this.#partial;
    await this.#sync(async () => {
      this.#synced(await isSupported(this.#target.sync?.(partial) ?? partial.sync()));
      check();
    });
    // Resolved anew: folders may have been renamed meanwhile.
    using place = this.#target.place();
    const published = this.#publish(place, digest);
    await this.#syncName(place, published);
    return this.#stored(published);
  }

  #publishNow(place: OpenPlace, digest: CommitDigest | undefined): Stored {
    this.#prepare(place);
    return this.#stored(this.#publish(place, digest));
  }

  #stored({ entry }: Published): Stored {
    return this.#notDone === undefined ? entry : { ...entry, notDone: this.#notDone };
  }

  /** Sets what is synced together with the bytes. A lost race for the name is noticed before the sync. */
  #prepare(place: OpenPlace): void {
    const { path, versions } = this.#target;
    const existing = place.folder.stat(place.name);
    if (checkCollision(existing, this.#options, path, versions) !== undefined) {
      throw alreadyExists(path);
    }
    const { modified } = this.#options;
    const mode =
      existing === undefined ? this.#target.mode?.(this.#partial, place.folder) : undefined;
    this.#notDone = setModeAndTime(this.#partial, { existing, mode, modified, path });
  }

  #publish(place: OpenPlace, digest: CommitDigest | undefined): Published {
    let replaced: boolean;
    try {
      if (digest !== undefined) this.#target.recordIntent?.(this.#partial, digest, this.#notDone);
      replaced = publish(this.#partial, place, this.#options, this.#target);
    } catch (error) {
      // The error is reported, whether the intent can be withdrawn or not.
      if (digest !== undefined) ignoreErrors(() => this.#target.withdrawIntent?.());
      throw error;
    }
    this.#target.confirmIntent?.();
    // Read only now: links and renames change the ctime, and so the version.
    const facts = this.#partial.facts();
    return { entry: versionedEntry(place.name, facts, this.#target.versions), facts, replaced };
  }

  /** Puts the new name on disk. If that fails, the name is removed, unless it replaced another file. */
  async #syncName(place: Place, { facts, replaced }: Published): Promise<void> {
    try {
      await this.#sync(async () => {
        const synced = syncFolder(place.folder);
        await Promise.all([synced, newNamesOnDisk()]);
        this.#synced(await synced);
      });
    } catch (error) {
      if (!replaced) {
        ignoreErrors(() => {
          withdraw(place, facts, this.#partial);
          this.#target.withdrawIntent?.();
        });
      }
      throw error;
    }
  }

  #synced(isSynced: boolean): void {
    if (!isSynced) this.#notDone = { ...this.#notDone, sync: true };
  }

  async #sync(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw LeatError.from(error, `cannot put ${quote(this.#target.path)} on disk`);
    }
  }
}
