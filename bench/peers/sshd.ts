/** An sshd of its own, with its own keys, and what `ssh` has to be told to log in there. */
import { chownSync, copyFileSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PeerServer, type Site, freePort, userName } from "./site.ts";

const NOBODY = 65534;

/** Where an sshd of root wants a folder. */
const SSHD_FOLDER = "/run/sshd";

/** The first that OpenSSH offers. It is named here so that a report can name it. */
export const SSH_CIPHER = "chacha20-poly1305@openssh.com";

/** Who logs in: `nobody` has no shell, but sftp. Only root can choose. */
export type SshUser = "nobody" | "own";

export interface Sshd extends AsyncDisposable {
  readonly server: PeerServer;
  readonly user: string;
  /** For ssh and sftp: no configuration of the user, the key, who logs in, the cipher. */
  readonly options: readonly string[];
}

const configuration = (etc: string, name: string, port: number, who: SshUser): string => `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${etc}/${name}-host
AuthorizedKeysFile ${etc}/${name}-authorized
PidFile none
StrictModes no
UsePAM ${who === "nobody" ? "yes" : "no"}
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
MaxStartups 1000
LogLevel ERROR
PrintMotd no
`;

/** @param name of its files, and of its processes in the report @throws Missing where there is no OpenSSH */
export async function startSshd(site: Site, name: string, who: SshUser): Promise<Sshd> {
  const { programs, etc, root } = site;
  const [sshd, keygen] = [programs.need("sshd"), programs.need("ssh-keygen")];
  const [user, host] = [join(etc, `${name}-user`), join(etc, `${name}-host`)];
  for (const path of [user, host]) makeKey(keygen, path);
  copyFileSync(`${user}.pub`, join(etc, `${name}-authorized`));
  const asNobody = who === "nobody";
  if (root && asNobody) chownSync(host, NOBODY, NOBODY);
  using folder = new DisposableStack();
  if (root && !asNobody && !existsSync(SSHD_FOLDER)) {
    mkdirSync(SSHD_FOLDER);
    folder.defer(() => rmdirSync(SSHD_FOLDER));
  }
  const port = freePort();
  const file = join(etc, `${name}.conf`);
  writeFileSync(file, configuration(etc, name, port, who));
  const server = await PeerServer.start(site, name, port, [sshd, "-D", "-e", "-f", file], {
    asNobody,
  });
  const own = folder.move();
  const login = root && asNobody ? "nobody" : userName();
  return {
    server,
    user: login,
    options: clientOptions({ User: login, Port: port, IdentityFile: user }),
    async [Symbol.asyncDispose]() {
      using _ = own;
      await server[Symbol.asyncDispose]();
    },
  };
}

function makeKey(program: string, path: string): void {
  const made = Bun.spawnSync([program, "-q", "-t", "ed25519", "-N", "", "-f", path]);
  if (made.exitCode !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString().trim()}`);
}

function clientOptions(own: Record<string, string | number>): string[] {
  const all = {
    ...own,
    IdentitiesOnly: "yes",
    Ciphers: SSH_CIPHER,
    BatchMode: "yes",
    StrictHostKeyChecking: "no",
    UserKnownHostsFile: "/dev/null",
    LogLevel: "ERROR",
  };
  return [
    "-F",
    "none",
    ...Object.entries(all).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
  ];
}
