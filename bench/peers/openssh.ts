/** OpenSSH: an sshd of its own, asked by sftp. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Command, Entry, Files } from "./competitor.ts";
import type { Site } from "./site.ts";
import { startSshd } from "./sshd.ts";

/** Milliseconds after which a session is ended: it is wanted for a second or two. */
const SESSION = 60_000;

export async function openssh(site: Site): Promise<Entry> {
  const { programs } = site;
  const [sftp, ssh] = [programs.need("sftp"), programs.need("ssh")];
  const sshd = await startSshd(site, "sshd", "nobody");
  const { server, options } = sshd;
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
    [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose](),
  };
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
