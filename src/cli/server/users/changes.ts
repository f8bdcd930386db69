/** Makes and changes the users file, and tells what was done. */
import { LeatError } from "../../../errors.ts";
import { USER_TOKENS } from "../../../limits.ts";
import { hashPassword } from "../../../server/users/passwords.ts";
import { createToken, tokenHash } from "../../../server/users/tokens.ts";
import {
  changeUsersFile,
  checkUserName,
  readUsersFile,
  type UserRecord,
} from "../../../server/users/users-file.ts";
import { PERMISSIONS } from "../../../store/permitted/permissions.ts";
import { UsageError } from "../../program/exit-codes.ts";
import { type Allowed, allowedText } from "./allow.ts";
import { changedLimits, isNoLimit, type LimitFlags, limitsText } from "./limits.ts";
import { printable } from "../../terminal/terminal-text.ts";
import { askSecret } from "../../terminal/secret.ts";
import { STDERR, STDOUT, say } from "../../terminal/standard-streams.ts";

/** Characters of a password. */
const SHORTEST = 8;

export interface AddFlags extends LimitFlags {
  readonly root: string;
  readonly allow?: Allowed;
  readonly askPassword?: boolean;
}

export interface TokenFlags {
  readonly replace?: boolean;
}

export async function addUser(file: string, name: string, flags: AddFlags): Promise<void> {
  checkUserName(name);
  const password = flags.askPassword ? await hashPassword(await newPassword(name)) : undefined;
  const token = createToken();
  change(file, name, (user) => {
    if (user !== undefined) {
      throw new LeatError("ALREADY_EXISTS", `there is a user ${name} already`);
    }
    const { root, allow } = flags;
    const limits = changedLimits(undefined, flags);
    const rights = { root, ...(allow && { allow }), ...(limits && { limits }) };
    if (password !== undefined) return { ...rights, tokens: [], password };
    return { ...rights, tokens: [recordOf(token)] };
  });
  if (password === undefined) {
    show(token, `user ${name} is made. This is its token, which is shown only now:`);
  } else {
    tell(`user ${name} logs in with the password: leat client --user ${name}`);
  }
}

export function addToken(file: string, name: string, { replace }: TokenFlags): void {
  const token = createToken();
  change(file, name, (user) => {
    if (user === undefined) throw missing(name);
    const before = replace === true ? [] : user.tokens;
    if (before.length >= USER_TOKENS) {
      const message = `${name} has ${before.length} tokens, which is the most; --replace makes an end of them`;
      throw new LeatError("INVALID_ARGUMENT", message);
    }
    return { ...user, tokens: [...before, recordOf(token)] };
  });
  const others = replace === true ? "; all earlier ones are void" : "";
  show(token, `a token for ${name}, which is shown only now${others}:`);
}

export function limitUser(file: string, name: string, flags: LimitFlags): void {
  if (isNoLimit(flags)) throw new UsageError("say which limit: user limit --help names them");
  let text = "";
  change(file, name, (user) => {
    if (user === undefined) throw missing(name);
    const { limits: before, ...rest } = user;
    const limits = changedLimits(before, flags);
    text = limitsText(limits);
    return limits === undefined ? rest : { ...rest, limits };
  });
  tell(`user ${name}: ${text || "no limits of its own"}`);
}

export function removeUser(file: string, name: string): void {
  changeUsersFile(file, (users) => {
    if (!users.delete(name)) throw missing(name);
  });
  tell(`user ${name} is removed`);
}

export function listUsers(file: string): void {
  for (const [name, { root, allow, limits, tokens, password }] of readUsersFile(file)) {
    const ways = tokens.map(({ made }) => `token of ${made}`);
    if (password !== undefined) ways.push("password");
    const where = root === "" ? "the library" : printable(root);
    const may = printable(allowedText(allow ?? { "": [...PERMISSIONS] }));
    const how = ways.join(", ") || "cannot log in";
    const bounds = limits === undefined ? "" : `  ${limitsText(limits)}`;
    say(STDOUT, `${printable(name)}  ${where}  ${may}  ${how}${bounds}\n`);
  }
}

function change(
  file: string,
  name: string,
  next: (user: UserRecord | undefined) => UserRecord,
): void {
  changeUsersFile(file, (users) => void users.set(name, next(users.get(name))));
}

const recordOf = (token: string): UserRecord["tokens"][number] => ({
  sha256: tokenHash(token),
  made: new Date().toISOString().slice(0, 10),
});

const missing = (name: string): LeatError =>
  new LeatError("NOT_FOUND", `there is no user ${printable(name)}`);

async function newPassword(name: string): Promise<string> {
  const given = process.env.LEAT_PASSWORD || (await askSecret(`Password for ${name}: `));
  if (given === undefined) {
    throw new UsageError("--ask-password needs a terminal, and there is none: set LEAT_PASSWORD");
  }
  if (given.length >= SHORTEST) return given;
  throw new LeatError("INVALID_ARGUMENT", `a password has ${SHORTEST} characters or more`);
}

/** The token alone goes to stdout: it can be written to a file. */
function show(token: string, sentence: string): void {
  tell(sentence);
  say(STDOUT, `${token}\n`);
}

const tell = (sentence: string): void => say(STDERR, `${sentence}\n`);
