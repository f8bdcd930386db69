/** Clients that are served: who they are, and which store is theirs. */
import { LeatError } from "../../errors.ts";
import { RETRY_AFTER } from "../../limits.ts";
import { TokenBucket } from "../../net/token-bucket.ts";
import type { RateLimits } from "../../net/transport.ts";
import type { MaybePromise, Store } from "../../store/store.ts";
import type { Credentials } from "../../wire/gen/messages.ts";
import type { ServerOptions } from "../options/options.ts";
import type { UserRecords } from "../users/users-file.ts";
import type { Caller, User, Users } from "../users/users.ts";

import type { Capacity, Part } from "./capacity.ts";
import { type Seat, Shares } from "./shares.ts";
import { UserStores } from "./user-stores.ts";

/** A client that was admitted. */
export interface Guest extends Disposable {
  /** undefined: this server has no users. */
  readonly user: User | undefined;
  readonly store: Store;
  /** What the connection has of what the user may have. */
  readonly seat: Seat | undefined;
  /** Shared by all connections of the user. */
  readonly rates?: RateLimits | undefined;
}

/** How a client comes. */
export interface Arrival extends Caller {
  readonly credentials: Credentials | undefined;
  /** The user whom the client's certificate names. */
  readonly identity: string | undefined;
  /** Nobody between can read the bytes. */
  readonly isPrivate: boolean;
}

export class Guests implements AsyncDisposable {
  /** Everybody, where there are no users. */
  readonly #anybody: Guest;
  readonly #users: Users | undefined;
  readonly #stores: UserStores;
  readonly #capacity: Capacity;
  readonly #shares = new Shares();
  readonly #rates = new WeakMap<User, RateLimits>();

  /** @param store of everybody, where there are no users @throws INVALID_ARGUMENT */
  constructor(
    store: Store,
    users: Users | undefined,
    options: ServerOptions & Part,
    capacity: Capacity,
  ) {
    if (users !== undefined && options.library === undefined) {
      throw new LeatError("INVALID_ARGUMENT", "users are served a library folder, not a store");
    }
    this.#anybody = { user: undefined, store, seat: undefined, [Symbol.dispose]() {} };
    this.#users = users;
    this.#capacity = capacity;
    this.#stores = new UserStores(store, options, capacity.files);
  }

  /** @throws UNAUTHENTICATED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE; CANCELLED when the client has left */
  admit({ credentials, identity, isPrivate, ...caller }: Arrival): MaybePromise<Guest> {
    const users = this.#users;
    if (users === undefined) {
      // Refused even where they are empty or of an unknown kind: their user is not known.
      if (credentials === undefined) return this.#anybody;
      const message = "this server has no users; connect without credentials";
      throw new LeatError("UNAUTHENTICATED", message);
    }
    if (credentials !== undefined && !isPrivate) {
      const message =
        "credentials came over a network that others can read: they are refused, and should be replaced";
      throw new LeatError("UNAUTHENTICATED", message);
    }
    if (credentials === undefined && identity !== undefined) {
      return this.#guest(users, users.named(identity));
    }
    return this.#guest(users, users.admit(credentials, caller));
  }

  /** Whether a guest still has the rights with which it came. */
  isCurrent({ user }: Guest): boolean {
    return user === undefined || this.#users?.isCurrent(user) === true;
  }

  /** Whether the transports of clients have to be able to limit their rate. */
  get hasRates(): boolean {
    return this.#users?.hasRates === true;
  }

  /** The users as they were read last, for other processes and threads. */
  get records(): UserRecords | undefined {
    return this.#users?.records;
  }

  /** Reads the users again. @throws as `Users.reload` */
  reload(): void {
    this.#users?.reload();
  }

  /** Waits for what is under way in stores of users. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stores[Symbol.asyncDispose]();
  }

  async #guest(users: Users, found: MaybePromise<User>): Promise<Guest> {
    const user = await found;
    using held = new DisposableStack();
    const seat = held.use(this.#enter(user));
    const { store } = held.use(await this.#stores.take(user));
    // The file may have been read again meanwhile.
    if (users.isCurrent(user)) {
      const all = held.move();
      return {
        user,
        store,
        seat,
        rates: this.#ratesOf(user),
        [Symbol.dispose]: () => all.dispose(),
      };
    }
    throw new LeatError("UNAVAILABLE", "this user was changed just now; connect again");
  }

  #ratesOf(user: User): RateLimits | undefined {
    const { upload, download } = user.record.limits ?? {};
    if (upload === undefined && download === undefined) return undefined;
    const rates = this.#rates.get(user) ?? {
      sent: download === undefined ? undefined : new TokenBucket(download),
      received: upload === undefined ? undefined : new TokenBucket(upload),
    };
    this.#rates.set(user, rates);
    return rates;
  }

  /** @throws RESOURCE_EXHAUSTED */
  #enter({ name, record }: User): Seat {
    const cap = this.#capacity.capOf(record.limits);
    const seat = this.#shares.enter(name, cap);
    if (seat !== undefined) return seat;
    const message =
      `this user has the ${cap.connections} connections that are allowed; ` +
      "close one, or try again later (--max-connections-per-user of the server, or the users file)";
    throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
  }
}
