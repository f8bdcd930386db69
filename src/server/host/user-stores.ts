/**
 * The stores of users: each serves the root of its user, keeps the user's uploads apart from those of all others, and
 * permits what the user may do. It is open while the user has a connection.
 */
import { LeatError } from "../../errors.ts";
import { sha256 } from "../../hash.ts";
import { RETRY_AFTER, STORE_DESCRIPTORS } from "../../limits.ts";
import { FollowedStore } from "../../store/disk/followed-store.ts";
import { PermittedStore } from "../../store/permitted/permitted-store.ts";
import type { Store } from "../../store/store.ts";
import type { ServerOptions } from "../options/options.ts";
import type { User } from "../users/users.ts";
import type { Budget } from "./budget.ts";
import type { Part } from "./capacity.ts";

export interface Lease extends Disposable {
  readonly store: Store;
}

interface Open {
  readonly disk: FollowedStore;
  readonly store: Store;
  /** Connections of the user. */
  leases: number;
}

type DiskOptions = Pick<
  ServerOptions & Part,
  "library" | "readOnly" | "partialRetention" | "fileMode" | "run"
>;

export class UserStores implements AsyncDisposable {
  readonly #library: Store;
  readonly #options: DiskOptions;
  readonly #run: string;
  readonly #files: Budget;
  readonly #open = new Map<User, Open>();
  /** Stores of users who have left, until everything that is under way in them is over. */
  readonly #retiring = new Set<Promise<void>>();

  /** @param library the whole; stays the caller's @param files descriptors that may be open */
  constructor(library: Store, options: DiskOptions, files: Budget) {
    this.#library = library;
    this.#options = options;
    this.#run = options.run ?? crypto.randomUUID();
    this.#files = files;
  }

  /** The root of the user is made if it is missing. @throws UNAVAILABLE, RESOURCE_EXHAUSTED */
  async take(user: User): Promise<Lease> {
    if (!this.#open.has(user)) await this.#makeRoot(user);
    const open = this.#open.get(user) ?? this.#openStore(user);
    open.leases += 1;
    return { store: open.store, [Symbol.dispose]: () => this.#give(user, open) };
  }

  /** Waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#open.values()].map(({ disk }) => disk[Symbol.asyncDispose]());
    this.#open.clear();
    await Promise.all([...open, ...this.#retiring]);
  }

  #openStore(user: User): Open {
    if (!this.#files.take(STORE_DESCRIPTORS)) throw noRoom();
    const { library, readOnly, partialRetention, fileMode } = this.#options;
    const { record, permissions, name } = user;
    const { bytes, files } = record.limits ?? {};
    const hasQuota = bytes !== undefined || files !== undefined;
    const part = {
      path: record.root,
      // Behind a link there may be other permissions than the name tells.
      followsLinks: permissions.isUniform,
      home: homeOf(name),
    };
    try {
      const quota = hasQuota ? { bytes, files, run: this.#run } : undefined;
      const options = { readOnly: readOnly === true, partialRetention, fileMode, part, quota };
      const disk = new FollowedStore(library!, options, this.#follow);
      const open = { disk, store: new PermittedStore(disk, permissions), leases: 0 };
      this.#open.set(user, open);
      return open;
    } catch (thrown) {
      this.#files.give(STORE_DESCRIPTORS);
      throw noRoot(thrown);
    }
  }

  async #makeRoot({ record: { root } }: User): Promise<void> {
    if (root === "" || this.#library.readOnly) return;
    try {
      await this.#library.makeDirectory(root, true, "fsync");
    } catch (thrown) {
      throw noRoot(thrown);
    }
  }

  /** The whole has few requests of its own: it would keep the folder that was served before open. */
  readonly #follow = (): void => {
    if (this.#library instanceof FollowedStore) this.#library.follow();
  };

  #give(user: User, open: Open): void {
    open.leases -= 1;
    if (open.leases > 0 || this.#open.get(user) !== open) return;
    this.#open.delete(user);
    // An error of a store that is no longer used is no reason to stop.
    const retired = open.disk.retire().catch(() => {});
    this.#retiring.add(retired);
    void retired.then(() => {
      this.#retiring.delete(retired);
      this.#files.give(STORE_DESCRIPTORS);
    });
  }
}

function noRoom(): LeatError {
  const message = "the server has as many files open as it may; try again later";
  return new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
}

/** The folder of a user in `.leat/users`: names that a file system takes for the same have different ones. */
export function homeOf(user: string): string {
  return sha256(user).toString("hex").slice(0, 32);
}

/** The server's own names are not for a client. */
function noRoot(cause: unknown): LeatError {
  const message = "the folder of this user cannot be opened; ask the operator of the server";
  return new LeatError("UNAVAILABLE", message, { cause, retryable: false });
}
