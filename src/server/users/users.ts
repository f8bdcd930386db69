/** The users of a server: who a client is, by its credentials. */
import { timingSafeEqual } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { LeatError } from "../../errors.ts";
import type { MaybePromise } from "../../store/store.ts";
import { PERMISSIONS, Permissions } from "../../store/permitted/permissions.ts";
import type { Credentials, UserPassword } from "../../wire/gen/messages.ts";
import { PasswordChecks } from "./passwords.ts";
import { Penalties } from "./penalties.ts";
import { tokenHash } from "./tokens.ts";
import { readUsersFile, type UserRecord, type UserRecords } from "./users-file.ts";

/** A client without credentials is this user, where the file has it. */
const ANONYMOUS = "anonymous";

const MAX_TOKEN = 4096;
const MAX_USER = 128;
const MAX_PASSWORD = 1024;

export interface User {
  readonly name: string;
  readonly record: UserRecord;
  readonly permissions: Permissions;
}

/** Where credentials come from. */
export interface Caller {
  /** As its transport names it. */
  readonly peer: string;
  /** Whether it has left. */
  readonly isOver: () => boolean;
}

export interface UsersOptions {
  /** In place of what the file has now. */
  readonly records?: UserRecords | undefined;
  /** Networks that never have to wait for wrong passwords. */
  readonly penaltyExempt?: string | undefined;
}

interface KnownToken {
  readonly hash: Buffer;
  readonly user: User;
}

/** Compared with where a token is not known. */
const NO_HASH = Buffer.alloc(32);

export class Users {
  readonly #path: string;
  readonly #passwords = new PasswordChecks();
  readonly #penalties: Penalties;
  #users: ReadonlyMap<string, User> = new Map();
  #hasRates = false;
  #tokens: ReadonlyMap<string, KnownToken> = new Map();

  /**
   * @param path of the users file
   * @throws NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT, …
   */
  constructor(path: string, { records, penaltyExempt }: UsersOptions = {}) {
    this.#path = path;
    this.#penalties = new Penalties(penaltyExempt);
    this.#take(records ?? readUsersFile(path));
  }

  /** Reads the file again. @throws as the constructor: then the users stay as they were */
  reload(): void {
    this.#take(readUsersFile(this.#path));
  }

  /** As they were read last. */
  get records(): UserRecords {
    return new Map([...this.#users].map(([name, { record }]) => [name, record]));
  }

  #take(records: UserRecords): void {
    this.#users = usersOf(records, this.#users);
    this.#tokens = tokensOf(this.#users);
    this.#hasRates = [...records.values()].some(({ limits }) => limits && hasRate(limits));
  }

  /** Whether the rate of any of them is limited. */
  get hasRates(): boolean {
    return this.#hasRates;
  }

  get size(): number {
    return this.#users.size;
  }

  /** Whether a user is still the same: with the rights and the credentials as they were. */
  isCurrent(user: User): boolean {
    return this.#users.get(user.name) === user;
  }

  /**
   * Finds the user of a client.
   * @throws UNAUTHENTICATED: one sentence, which does not tell an unknown user from a wrong password;
   *   INVALID_ARGUMENT, RESOURCE_EXHAUSTED
   */
  admit(credentials: Credentials | undefined, caller: Caller): MaybePromise<User> {
    if (credentials === undefined) return this.#anonymous();
    const { kind } = credentials;
    switch (kind?.case) {
      case "token":
        return this.#byToken(kind.value);
      case "userPassword":
        return this.#byPassword(kind.value, caller);
      case undefined:
        throw new LeatError("UNAUTHENTICATED", "the credentials are of a kind that is not known");
    }
  }

  /** The user whom a certificate names. @throws UNAUTHENTICATED */
  named(identity: string): User {
    const user = this.#users.get(identity);
    if (user !== undefined) return user;
    const message = `the client's certificate names ${identity}, who is no user of this server`;
    throw new LeatError("UNAUTHENTICATED", message);
  }

  #anonymous(): User {
    const user = this.#users.get(ANONYMOUS);
    if (user !== undefined) return user;
    throw new LeatError(
      "UNAUTHENTICATED",
      "this server serves its users only, and asks for a token",
    );
  }

  #byToken(token: string): User {
    checkLength("the token", token, MAX_TOKEN);
    const hash = tokenHash(token);
    const known = this.#tokens.get(hash);
    const isSame = timingSafeEqual(Buffer.from(hash, "hex"), known?.hash ?? NO_HASH);
    if (isSame && known !== undefined) return known.user;
    throw new LeatError("UNAUTHENTICATED", "the token is not, or no longer, that of a user");
  }

  async #byPassword(
    { user: name, password }: UserPassword,
    { peer, isOver }: Caller,
  ): Promise<User> {
    checkLength("the name of the user", name, MAX_USER);
    checkLength("the password", password, MAX_PASSWORD);
    const user = this.#users.get(name);
    const check = (): void => {
      if (isOver()) throw new LeatError("CANCELLED", "the client has left");
      this.#penalties.check(peer);
    };
    check(); // those who have to wait take no turn of others
    const isRight = await this.#passwords.isRight(password, user?.record.password, check);
    if (isRight && user !== undefined) {
      this.#penalties.succeeded(peer);
      return user;
    }
    this.#penalties.failed(peer);
    throw new LeatError("UNAUTHENTICATED", "the user, or the password, is wrong");
  }
}

function hasRate({ upload, download }: NonNullable<UserRecord["limits"]>): boolean {
  return upload !== undefined || download !== undefined;
}

function checkLength(what: string, text: string, most: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= most) return;
  throw new LeatError("INVALID_ARGUMENT", `${what} has ${bytes} bytes; ${most} are allowed`);
}

/** @param before those who have not changed stay the same */
function usersOf(
  records: UserRecords,
  before: ReadonlyMap<string, User>,
): ReadonlyMap<string, User> {
  const users = [...records].map(([name, record]): [string, User] => {
    const known = before.get(name);
    if (known !== undefined && isDeepStrictEqual(known.record, record)) return [name, known];
    const rules = Object.entries(record.allow ?? { "": PERMISSIONS });
    return [name, { name, record, permissions: new Permissions(new Map(rules)) }];
  });
  return new Map(users);
}

function tokensOf(users: ReadonlyMap<string, User>): ReadonlyMap<string, KnownToken> {
  const tokens = new Map<string, KnownToken>();
  for (const user of users.values()) {
    for (const { sha256 } of user.record.tokens) {
      tokens.set(sha256, { hash: Buffer.from(sha256, "hex"), user });
    }
  }
  return tokens;
}
