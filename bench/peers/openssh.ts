/** OpenSSH: an sshd of its own, with its own keys, asked by sftp. */
import { chownSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Command, Entry, Files } from "./competitor.ts";
import { PeerServer, type Site, freePort, userName } from "./site.ts";

const NOBODY = 65534;
/** Milliseconds after which a session is ended: it is wanted for a second or two. */
const SESSION = 60_000;

const configuration = (etc: string, port: number): string => `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${etc}/ssh-host
AuthorizedKeysFile ${etc}/ssh-authorized
PidFile none
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
MaxStartups 1000
LogLevel ERROR
PrintMotd no
`;

export async function openssh(site: Site): Promise<Entry> {
  const { programs, etc } = site;
  const [sshd, sftp, ssh] = [programs.need("sshd"), programs.need("sftp"), programs.need("ssh")];
  const [user, host] = [join(etc, "ssh-user"), join(etc, "ssh-host")];
  for (const path of [user, host]) makeKey(programs.need("ssh-keygen"), path);
  copyFileSync(`${user}.pub`, join(etc, "ssh-authorized"));
  // An sshd of root needs a folder in /run; one of the user `nobody` does not.
  if (site.root) chownSync(host, NOBODY, NOBODY);
  const port = freePort();
  const file = join(etc, "sshd.conf");
  writeFileSync(file, configuration(etc, port));
  const argv = [sshd, "-D", "-e", "-f", file];
  const server = await PeerServer.start(site, "sshd", port, argv, { asNobody: true });
  const name = site.root ? "nobody" : userName();
  const options = clientOptions({ User: name, Port: port, IdentityFile: user });
  return {
    competitors: [
      {
        who: "OpenSSH sftp",
        server: server.group,
        note: "encrypted and authenticated",
        client: sftpClient(site, [sftp, "-q", ...options]),
      },
    ],
    idle: {
      who: "OpenSSH sftp",
      server: server.group,
      state: "logged in, sftp begun",
      most: 10,
      open: () => session([ssh, ...options, "-s", "127.0.0.1", "sftp"]),
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function makeKey(program: string, path: string): void {
  const made = Bun.spawnSync([program, "-q", "-t", "ed25519", "-N", "", "-f", path]);
  if (made.exitCode !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString().trim()}`);
}

function clientOptions(own: Record<string, string | number>): string[] {
  const all = {
    ...own,
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

function sftpClient({ etc, library }: Site, start: readonly string[]): Client {
  let batches = 0;
  const run = (lines: readonly string[]): Command => {
    const batch = join(etc, `sftp-${batches++}.batch`);
    writeFileSync(batch, `${lines.join("\n")}\n`);
    return { argv: [...start, "-b", batch, "127.0.0.1"] };
  };
  return {
    download: ({ folder, names, whole }: Files, to: string) =>
      whole
        ? run([`get -r ${folder}/. ${to}`])
        : run(names.map((name) => `get ${folder}/${name} ${to}/`)),
    upload: ({ folder, names, whole }: Files, to: string) =>
      whole
        ? run([`put -r ${folder}/. ${library}/${to}`])
        : run(names.map((name) => `put ${folder}/${name} ${library}/${to}/`)),
    list: (path: string) => run([`ls -lnf ${library}/${path}`]),
  };
}

/** The sftp subsystem, asked for its version, and then nothing more. */
async function session(argv: readonly string[]): Promise<AsyncDisposable> {
  const stdio = ["pipe", "pipe", "ignore"] as const;
  const child = Bun.spawn([...argv], { stdio: [...stdio], timeout: SESSION });
  child.stdin.write(new Uint8Array([0, 0, 0, 5, 1, 0, 0, 0, 3]));
  await child.stdin.flush();
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  if (done) throw new Error(`ssh ended with ${await child.exited}`);
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}
