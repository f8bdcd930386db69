/** Addresses of the form `ssh://USER@HOST:PORT/PATH`, and the words of the command that ssh gets for them. */
import { LeatError } from "../../errors.ts";

/** A library on another machine, to which ssh connects. */
export interface SshAddress {
  /** As it was written. */
  readonly ssh: string;
  /** A name, an address, or a `Host` of the configuration of ssh. */
  readonly host: string;
  readonly user: string | undefined;
  readonly port: string | undefined;
  /** Of the library: absolute, or in the home folder of the user there. */
  readonly path: string;
}

const SCHEME = "ssh://";
const FORM = /^ssh:\/\/(?:([^@/]*)@)?(?:\[([^\]/]+)\]|([^:/@[\]]*))(?::(\d*))?(\/.*)?$/s;

/** None begins with "-": ssh would take it for a flag. Nor has it what a ProxyCommand could give to a shell. */
const NAME = /^[\p{L}\p{N}_.:%~+@][\p{L}\p{N}_.:%~+@-]*$/u;

export function isSsh(text: string): boolean {
  return text.startsWith(SCHEME);
}

/**
 * Reads `ssh://[USER@]HOST[:PORT][/PATH]`. In PATH, `%20` is a space, as in every URL; `/~/x`, or no PATH,
 * means the home folder of the user there.
 * @param bad makes the error of an address that is wrong
 * @throws its error
 */
export function parseSsh(text: string, bad: (why: string) => LeatError): SshAddress {
  const match = FORM.exec(text);
  if (match === null) throw bad("it should look like ssh://me@example.org/srv/files");
  const [, user, address, name = "", digits = "", typed = "/~"] = match;
  const port = digits === "" ? undefined : digits;
  const host = address ?? name;
  if (host === "") throw bad("it has no host");
  for (const [what, value] of [["host", host] as const, ["user", user] as const]) {
    if (value !== undefined && !NAME.test(value)) {
      throw bad(`the ${what} ${JSON.stringify(value)} is none that ssh could take`);
    }
  }
  if (port !== undefined && (Number(port) > 65535 || Number(port) === 0)) {
    throw bad(`"${port}" is not a port: it should be 1 to 65535`);
  }
  return { ssh: text, host, user, port, path: pathOf(typed, bad) };
}

function pathOf(typed: string, bad: (why: string) => LeatError): string {
  let path: string;
  try {
    path = decodeURIComponent(typed);
  } catch {
    throw bad("its path has a % that is not followed by two hexadecimal digits; %25 is a % itself");
  }
  if (path.includes("\0")) throw bad("its path has a NUL byte");
  if (path === "/~" || path === "/~/") return ".";
  return path.startsWith("/~/") ? `./${path.slice(3)}` : path;
}

/**
 * The program and its arguments.
 * @param command ssh itself, with arguments of its own
 * @param leat the program there, as the shell there reads it
 */
export function sshWords(
  { host, user, port, path }: SshAddress,
  command: readonly string[],
  leat: string,
): string[] {
  const options = port === undefined ? [] : ["-p", port];
  const destination = user === undefined ? host : `${user}@${host}`;
  // -T: a terminal there would change the bytes.
  return [
    ...command,
    "-T",
    ...options,
    destination,
    `${leat} server --stdio -- ${quoteForShell(path)}`,
  ];
}

/** One word for sh, bash, zsh and fish: in fish a backslash has a meaning inside of quotes, too. */
export function quoteForShell(text: string): string {
  if (/^[\w./@%+=:,-]+$/.test(text)) return text;
  return text
    .split(/(['\\])/)
    .filter((part) => part !== "")
    .map((part) => (part === "'" || part === "\\" ? `\\${part}` : `'${part}'`))
    .join("");
}
