/** `leat server init`: makes all that a server for other machines needs, for someone who has nothing yet. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname, networkInterfaces, userInfo } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { DEFAULT_PORT } from "../../../client/connection/address.ts";
import { LeatError } from "../../../errors.ts";
import { createCommand, wholeNumber } from "../../program/arguments.ts";
import { STDERR, STDOUT, say } from "../../terminal/standard-streams.ts";
import type { Made, Plan } from "./steps.ts";

interface Flags {
  readonly name?: readonly string[];
  readonly user?: string;
  readonly port: number;
}

export function initCommand(): Command {
  return createCommand("init")
    .argument("[FOLDER]", "where the files are made", ".")
    .description("make a certificate, a user and a configuration file for a new server")
    .configureHelp({ showGlobalOptions: false })
    .option(
      "--name <HOST>",
      "a name or address by which clients reach the server; may be repeated",
      addName,
    )
    .option("--user <NAME>", "the first user (default: you)")
    .option("--port <PORT>", "the TCP port", wholeNumber(1, 65_535), DEFAULT_PORT)
    .action(async (folder: string, flags: Flags) => init(folder, flags));
}

/** @throws ALREADY_EXISTS: nothing is overwritten; INVALID_ARGUMENT, PERMISSION_DENIED, … */
async function init(folder: string, flags: Flags): Promise<void> {
  const { FILES, STEPS } = await import("./steps.ts");
  const { checkUserName } = await import("../../../server/users/users-file.ts");
  const plan: Plan = {
    folder,
    names: namesOf(flags.name),
    user: flags.user ?? ownName(),
    port: flags.port,
  };
  checkUserName(plan.user);
  const { library: _shared, ...own } = FILES;
  const there = Object.values(own).find((name) => existsSync(join(folder, name)));
  if (there !== undefined) {
    throw new LeatError("ALREADY_EXISTS", `${join(folder, there)} exists: nothing is changed`);
  }
  let made: Partial<Made> = {};
  try {
    mkdirSync(folder, { recursive: true });
    for (const step of STEPS) {
      const [more, line] = step(plan);
      made = { ...made, ...more };
      say(STDERR, `made ${join(folder, line)}\n`);
    }
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot make a server in ${folder}`);
  }
  tell(plan, made as Made, join(folder, FILES.config));
}

/** Bun takes the name from the environment, which a service or a container may lack, and says `unknown` then. */
function ownName(): string {
  const { uid, username } = userInfo();
  const passwd = existsSync(PASSWD) ? readFileSync(PASSWD, "utf8") : "";
  const fields = passwd.split("\n").map((line) => line.split(":"));
  return fields.find(([, , id]) => id === String(uid))?.[0] ?? username;
}

const PASSWD = "/etc/passwd";

/** For `argParser`. */
function addName(text: string, before: readonly string[] = []): readonly string[] {
  if (isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,252})$/i.test(text)) return [...before, text];
  throw new InvalidArgumentError("It is neither an address nor the name of a host.");
}

/** The token alone goes to stdout: it can be written to a file. */
function tell({ names, port }: Plan, { pin, token }: Made, config: string): void {
  const [name = ""] = names;
  const host = name.includes(":") ? `[${name}]` : name;
  say(STDERR, `\nStart the server:\n\n  leat server --config ${config}\n`);
  say(
    STDERR,
    "\nThe user's token, which is shown only now; keep it in a file that only you can read:\n\n",
  );
  say(STDOUT, `${token}\n`);
  const server = `--server tls://${host}:${port} --pin ${pin}`;
  say(STDERR, `\nOn any machine, with the token in leat.token (chmod 600):\n\n`);
  say(STDERR, `  leat client ${server} --token-file leat.token list\n`);
  say(STDERR, "\nOr by a name, with leat.token beside it, in ~/.config/leat/client.toml:\n\n");
  const about = [`server = "tls://${host}:${port}"`, `pin = "${pin}"`, 'token-file = "leat.token"'];
  for (const line of [`[${bookmarkName(name)}]`, ...about]) say(STDERR, `  ${line}\n`);
  say(STDERR, `\n  leat client --server ${bookmarkName(name)} list\n`);
}

/** The first part of the server's name, or of that of this machine. */
function bookmarkName(name: string): string {
  const host = isIP(name) === 0 ? name : hostname();
  return /^[\w-]+/.exec(host)?.[0] ?? "server";
}

/** Unless given: the addresses of this machine, its name, and those by which it reaches itself. */
function namesOf(given: readonly string[] | undefined): readonly string[] {
  const own = ["localhost", "127.0.0.1", "::1"];
  if (given !== undefined) return [...new Set([...given, ...own])];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(
    ({ internal, address }) => !internal && !/^fe80:|^169\.254\./i.test(address),
  );
  const sorted = outside.toSorted((one, other) => one.family.localeCompare(other.family));
  return [...new Set([...sorted.map(({ address }) => address), hostname(), ...own])];
}
