/**
 * The client's credentials: of a file, of the environment, or typed. Never of an argument, which other users
 * of the machine can see.
 */
import { readPrivate } from "../../store/system/private-file.ts";
import { isSsh } from "../../client/connection/ssh-address.ts";
import type { ClientCredentials } from "../../client/connection/options.ts";
import { LeatError } from "../../errors.ts";
import { UsageError } from "./exit-codes.ts";

interface Flags {
  readonly server: string;
  readonly tokenFile?: string;
  readonly user?: string;
}

/** Bytes of a file with a token. */
const LONGEST = 8192;

/** @throws UsageError; PERMISSION_DENIED: others can read the file */
export async function findCredentials(
  { server, tokenFile, user }: Flags,
  signal: AbortSignal,
): Promise<ClientCredentials | undefined> {
  if (tokenFile !== undefined && user !== undefined) {
    throw new UsageError("--token-file and --user are two ways to log in: name one");
  }
  if (tokenFile !== undefined) return { token: tokenIn(tokenFile) };
  if (user !== undefined) return { user, password: await passwordOf(user, signal) };
  const token = process.env.LEAT_TOKEN;
  // By ssh, the login is that of ssh: a server without users refuses tokens.
  return token && !isSsh(server) ? { token } : undefined;
}

function tokenIn(file: string): string {
  const token = readPrivate(file, LONGEST).trim();
  if (token !== "" && !/\s/.test(token)) return token;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `${file} should have a token in one line, and nothing else`,
  );
}

async function passwordOf(user: string, signal: AbortSignal): Promise<string> {
  const given = process.env.LEAT_PASSWORD;
  if (given) return given;
  const { askSecret } = await import("../terminal/secret.ts");
  const typed = await askSecret(`Password of ${user}: `, signal);
  if (typed !== undefined) return typed;
  throw new UsageError("--user asks for a password, and there is no terminal: set LEAT_PASSWORD");
}
