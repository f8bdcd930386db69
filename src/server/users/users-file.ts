/**
 * The users file: JSON, read and checked as a whole, and only where nobody but its owner can read it.
 * `leat server user` changes it: the new file is written beside the old one, and then takes its place.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import { LeatError } from "../../errors.ts";
import {
  LEAST_RATE,
  MAX_USERS,
  USER_FOLDERS,
  USER_TOKENS,
  USERS_FILE_BYTES,
} from "../../limits.ts";
import { checkPath, quote } from "../../store/names.ts";
import { PERMISSIONS } from "../../store/permitted/permissions.ts";
import { readPrivate } from "../../store/system/private-file.ts";
import { PASSWORD_HASH } from "./passwords.ts";

/** Names of users: they stand in logs and commands, and some come from certificates, as URIs. */
const USER_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.@+:/-]{0,254}$/u;

const token = v.strictObject({
  /** In hexadecimal. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits are expected")),
  /** The day on which it was made. */
  made: v.pipe(v.string(), v.isoDate("a day like 2026-01-31 is expected")),
});

const permissions = v.array(v.picklist(PERMISSIONS, `each one is ${PERMISSIONS.join(", ")}`));

const most = v.pipe(v.number(), v.safeInteger(), v.minValue(1, "1 or more is expected"));

const rate = v.pipe(v.number(), v.minValue(LEAST_RATE, `${LEAST_RATE} or more is expected`));

/** What a user may have of the server. */
const limits = v.strictObject({
  /** At once. */
  connections: v.optional(most),
  /** At once; each counts once for each file that it has open. */
  streams: v.optional(most),
  /** Of what is in the root, and of unfinished uploads. */
  bytes: v.optional(most),
  /** Files, folders and links, the same. */
  files: v.optional(most),
  /** Bytes a second to the server, and from it. */
  upload: v.optional(rate),
  download: v.optional(rate),
});

const userRecord = v.strictObject({
  /** A folder of the library, which is all that the user sees; "" is the library. */
  root: v.optional(v.string(), ""),
  /** By folder, relative to the root: those of the longest path count. Everything unless given. */
  allow: v.optional(
    v.pipe(
      v.record(v.string(), permissions),
      v.maxEntries(USER_FOLDERS, `at most ${USER_FOLDERS} folders are expected`),
    ),
  ),
  tokens: v.optional(v.pipe(v.array(token), v.maxLength(USER_TOKENS)), []),
  /** In place of those that the options of the server have for all users. */
  limits: v.optional(limits),
  password: v.optional(
    v.pipe(v.string(), v.regex(PASSWORD_HASH, "a hash of leat server user is expected")),
  ),
});

const file = v.strictObject({ users: v.record(v.string(), userRecord) });

/** A user as the file has them. */
export type UserRecord = v.InferOutput<typeof userRecord>;

/** By name. */
export type UserRecords = ReadonlyMap<string, UserRecord>;

/** @throws INVALID_ARGUMENT */
export function checkUserName(name: string): void {
  // Names that every object has would get lost in JSON.
  if (USER_NAME.test(name) && !(name in {})) return;
  const rule = "it should be 1 to 255 letters, digits or any of _ . @ + : / -";
  throw new LeatError("INVALID_ARGUMENT", `${quote(name)} cannot be the name of a user: ${rule}`);
}

/** @throws NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT: each names the file, and says what would be right */
export function readUsersFile(path: string): UserRecords {
  return parse(path, readPrivate(path, USERS_FILE_BYTES));
}

/**
 * Changes the file, or makes it. Two changes at once: one of them is refused.
 * @param change makes the new users; when it throws, the file stays
 * @throws as `readUsersFile`; ALREADY_EXISTS: it is being changed
 */
export function changeUsersFile(path: string, change: (users: Map<string, UserRecord>) => void) {
  const next = `${path}.new`;
  const fd = openNew(path, next);
  try {
    const users = new Map(readIfThere(path));
    change(users);
    const text = `${JSON.stringify({ users: Object.fromEntries(users) }, undefined, 2)}\n`;
    parse(path, text); // what is written can be read
    writeFileSync(fd, text);
    fsyncSync(fd);
    renameSync(next, path);
  } catch (thrown) {
    unlinkSync(next);
    throw LeatError.from(thrown, `cannot change ${quote(path)}`);
  } finally {
    closeSync(fd);
  }
  syncName(path);
}

function readIfThere(path: string): UserRecords | [] {
  try {
    return readUsersFile(path);
  } catch (thrown) {
    if (thrown instanceof LeatError && thrown.code === "NOT_FOUND") return [];
    throw thrown;
  }
}

/** @throws INVALID_ARGUMENT */
function parse(path: string, text: string): UserRecords {
  const wrong = (why: string): LeatError =>
    new LeatError("INVALID_ARGUMENT", `the users file ${quote(path)} is wrong: ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw wrong((thrown as Error).message);
  }
  const result = v.safeParse(file, json, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw wrong(`${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  const users = new Map(Object.entries(result.output.users));
  for (const [name, user] of users) checkUser(name, user);
  if (users.size <= MAX_USERS) return users;
  throw wrong(`it has ${users.size} users; ${MAX_USERS} are allowed`);
}

/** @throws INVALID_ARGUMENT, INVALID_NAME */
function checkUser(name: string, { root, allow = {} }: UserRecord): void {
  checkUserName(name);
  for (const path of [root, ...Object.keys(allow)]) checkPath(path);
}

function openNew(path: string, next: string): number {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    return openSync(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (thrown) {
    const error = LeatError.from(thrown, `cannot write ${quote(next)}`);
    if (error.code !== "ALREADY_EXISTS") throw error;
    const message = `${quote(path)} is being changed by another command; if there is none, remove ${quote(next)}`;
    throw new LeatError("ALREADY_EXISTS", message);
  }
}

/** Puts the name on disk. */
function syncName(path: string): void {
  const fd = openSync(dirname(path), "r");
  try {
    fsyncSync(fd);
  } catch {
    // Some file systems cannot; the file is in its place all the same.
  } finally {
    closeSync(fd);
  }
}
