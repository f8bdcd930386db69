/** Ways to reach a leat by ssh: a script in the place of ssh that stays on this machine, and ssh with an sshd of its own. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import type { TemporaryFolder } from "./folder.ts";

const SSHD = "/usr/sbin/sshd";

/** Where sshd wants a folder, if it is root's. */
const SSHD_FOLDER = "/run/sshd";

export interface Ssh {
  /** The program, and arguments of its own. */
  readonly command: readonly string[];
  /** The processes that it has started as ssh, the last one last; one that is gone stays in the list. */
  pids(): number[];
  /** Nothing of it is left when that process is killed. */
  readonly isOne: boolean;
}

/**
 * Drops flags and the host, and runs the command by a shell. Notes the number of the process, which the
 * program there has, too.
 */
export function fakeSsh(folder: TemporaryFolder): Ssh {
  return localScript(folder, "fake-ssh", `exec /bin/sh -c "$*"`);
}

/** The same, but the program there has pipes, as it has of sshd, and ends when those do. */
export function pipeSsh(folder: TemporaryFolder): Ssh {
  return localScript(folder, "pipe-ssh", `cat | /bin/sh -c "$*" | cat`);
}

function localScript(folder: TemporaryFolder, name: string, last: string): Ssh {
  return script(
    folder,
    name,
    `while [ "\${1#-}" != "$1" ]; do
  case $1 in -p) shift 2 ;; *) shift ;; esac
done
shift
${last}`,
  );
}

/**
 * ssh, and the sshd at the other end of it, which needs no port.
 * @param forced the command that every login runs, whatever it asks for
 * @returns undefined where there is none, or none that works
 */
export async function realSsh(folder: TemporaryFolder, forced?: string): Promise<Ssh | undefined> {
  if (!existsSync(SSHD) || Bun.which("ssh") === null) return undefined;
  if (process.getuid?.() === 0) mkdirSync(SSHD_FOLDER, { recursive: true });
  const [hostKey, userKey] = [folder.at("host-key"), folder.at("user-key")];
  for (const key of [hostKey, userKey]) {
    if (!existsSync(key)) await ran(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  }
  const command =
    forced === undefined ? "" : `command="${forced.replaceAll('"', '\\"')}",restrict `;
  const name = forced === undefined ? "ssh" : "forced-ssh";
  const keys = folder.file(`${name}-keys`, command + readFileSync(`${userKey}.pub`, "utf8"));
  const config = folder.file(
    `${name}d-config`,
    `HostKey ${hostKey}\nAuthorizedKeysFile ${keys}\nPidFile none\nStrictModes no\nUsePAM no\n`,
  );
  const flags = [
    `-F none -o ProxyCommand='${SSHD} -i -f ${config}' -i ${userKey} -o IdentitiesOnly=yes`,
    "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
  ].join(" ");
  const ssh = script(folder, name, `exec ssh ${flags} "$@"`);
  return (await ran([...ssh.command, "localhost", "true"])) === 0 || forced !== undefined
    ? ssh
    : undefined;
}

function script(folder: TemporaryFolder, name: string, text: string): Ssh {
  const pids = folder.file(`${name}.pids`);
  const path = folder.file(name, `#!/bin/sh\necho $$ >>'${pids}'\n${text}\n`);
  chmodSync(path, 0o700);
  return {
    command: [path],
    isOne: !text.includes("cat |"),
    pids: () => readFileSync(pids, "utf8").trim().split("\n").map(Number),
  };
}

async function ran(words: readonly string[]): Promise<number> {
  return await Bun.spawn([...words], { stdio: ["ignore", "ignore", "ignore"] }).exited;
}

/** Whether the process still runs. */
export function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.[0] !== "Z";
  } catch {
    return false;
  }
}

/** Processes that run with these words among their arguments. Linux. */
export async function processesWith(words: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of new Bun.Glob("[0-9]*").scanSync({ cwd: "/proc", onlyFiles: false })) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      if (line.includes(words)) found.push(Number(pid));
    } catch {
      // It is gone.
    }
  }
  return found;
}
