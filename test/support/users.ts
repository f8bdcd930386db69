/** Users files for tests. */
import { chmodSync } from "node:fs";
import { hashPassword } from "../../src/server/users/passwords.ts";
import { createToken, tokenHash } from "../../src/server/users/tokens.ts";
import type { TemporaryFolder } from "./folder.ts";

/** A user as a test wants it; each has a token besides. */
export type TestUser = Record<string, unknown>;

export interface TestUsers {
  /** Of the users file. */
  readonly path: string;
  token(user: string): string;
  /** Writes the file anew: those that were there keep their tokens. */
  write(users: Readonly<Record<string, TestUser>>): void;
}

export function createUsers(
  folder: TemporaryFolder,
  users: Readonly<Record<string, TestUser>>,
): TestUsers {
  const tokens = new Map<string, string>();
  const path = folder.at("users.json");
  const tokenOf = (name: string): string => {
    const token = tokens.get(name) ?? createToken();
    tokens.set(name, token);
    return token;
  };
  const write = (all: Readonly<Record<string, TestUser>>): void => {
    const records = Object.entries(all).map(([name, user]) => [
      name,
      { tokens: [{ sha256: tokenHash(tokenOf(name)), made: "2026-01-31" }], ...user },
    ]);
    folder.file("users.json", JSON.stringify({ users: Object.fromEntries(records) }));
    chmodSync(path, 0o600);
  };
  write(users);
  return { path, token: tokenOf, write };
}

export async function withPassword(password: string): Promise<TestUser> {
  return { password: await hashPassword(password) };
}
