/** Clients that are served: who they are, and which store is theirs. */
import { LeatError } from "../../errors.ts";
import type { MaybePromise, Store } from "../../store/store.ts";
import type { Credentials } from "../../wire/gen/messages.ts";
import type { User, Users } from "../users/users.ts";

/** A client that was admitted. */
export interface Guest extends Disposable {
  /** undefined: this server has no users. */
  readonly user: User | undefined;
  readonly store: Store;
}

/** How a client comes. */
export interface Arrival {
  readonly credentials: Credentials | undefined;
  /** The user whom the client's certificate names. */
  readonly identity: string | undefined;
  /** Nobody between can read the bytes. */
  readonly isPrivate: boolean;
  /** Whether it has left. */
  readonly isOver: () => boolean;
}

export class Guests {
  readonly #store: Store;
  readonly #users: Users | undefined;

  constructor(store: Store, users: Users | undefined) {
    this.#store = store;
    this.#users = users;
  }

  /** @throws UNAUTHENTICATED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED; CANCELLED when the client has left */
  admit({ credentials, identity, isPrivate, isOver }: Arrival): MaybePromise<Guest> {
    if (this.#users === undefined) {
      // Refused even where they are empty or of an unknown kind: their user is not known.
      if (credentials === undefined) return this.#guest(undefined);
      const message = "this server has no users; connect without credentials";
      throw new LeatError("UNAUTHENTICATED", message);
    }
    if (credentials !== undefined && !isPrivate) {
      const message =
        "credentials came over a network that others can read: they are refused, and should be replaced";
      throw new LeatError("UNAUTHENTICATED", message);
    }
    if (credentials === undefined && identity !== undefined) {
      return this.#guest(this.#users.named(identity));
    }
    const user = this.#users.admit(credentials, isOver);
    return user instanceof Promise ? user.then((found) => this.#guest(found)) : this.#guest(user);
  }

  /** Whether a guest still has the rights with which it came. */
  isCurrent({ user }: Guest): boolean {
    return user === undefined || this.#users?.isCurrent(user) === true;
  }

  /** Reads the users again. @throws as `Users.reload` */
  reload(): void {
    this.#users?.reload();
  }

  #guest(user: User | undefined): Guest {
    return { user, store: this.#store, [Symbol.dispose]: () => {} };
  }
}
