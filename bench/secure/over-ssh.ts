/** leat and rsync, each over the same sshd, and what ssh itself takes. */
import { join } from "node:path";
import { quoteForShell } from "../../src/client/connection/ssh-address.ts";
import type { Client, Command, Competitor, Entry, Files } from "../peers/competitor.ts";
import { buildLeat, leatClient } from "../peers/leat.ts";
import type { Site } from "../peers/site.ts";
import { SSH_CIPHER, startSshd } from "../peers/sshd.ts";

export const SSH_ALONE = "ssh with cat";

/** They share one server: the sshd, which starts leat and rsync. @throws Missing */
export async function overSsh(site: Site): Promise<Entry> {
  const [program, rsync] = [site.programs.need("ssh"), site.programs.need("rsync")];
  const executable = buildLeat(site);
  const sshd = await startSshd(site, "sshd-own", "own");
  const login = `${sshd.user}@127.0.0.1`;
  const ssh = [program, ...sshd.options];
  const { group } = sshd.server;
  const all = (note: string) => ({ server: group, note: `${SSH_CIPHER}, ${note}` });
  const competitors: Competitor[] = [
    {
      who: "leat",
      client: leatBySsh(executable, `ssh://${login}${site.library}`, ssh),
      ...all("checksums compared"),
    },
    {
      who: "rsync",
      client: rsyncBySsh(rsync, `${login}:${site.library}`, ssh),
      ...all("a checksum of each file is compared"),
    },
    { who: SSH_ALONE, client: cat(site, [...ssh, login]), kinds: ["one file"], ...all("one file") },
  ];
  return { competitors, [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose]() };
}

const commandLine = (words: readonly string[]): string => words.map(quoteForShell).join(" ");

/** As without ssh: neither side waits for the disk. */
export function leatBySsh(executable: string, address: string, ssh: readonly string[]): Client {
  const remote = `env LEAT_DURABILITY=none ${quoteForShell(executable)}`;
  const flags = [`--ssh=${commandLine(ssh)}`, `--remote-leat=${remote}`];
  return leatClient(executable, address, "none", ...flags);
}

export function rsyncBySsh(program: string, base: string, ssh: readonly string[]): Client {
  const start = [program, "-e", commandLine(ssh)];
  const copy = (from: string, to: string, { names, whole }: Files): Command => {
    const sources = whole ? [`${from}/`] : names.map((name) => `${from}/${name}`);
    return { argv: [...start, whole ? "-rt" : "-t", ...sources, `${to}/`] };
  };
  return {
    download: (files, to) => copy(`${base}/${files.path}`, to, files),
    upload: (files, to) => copy(files.folder, `${base}/${to}`, files),
    list: (path) => ({ argv: [...start, `${base}/${path}/`] }),
  };
}

/** One file, by the programs that are there anyway. */
export function cat({ library }: Site, ssh: readonly string[]): Client {
  const shell = (text: string, ...words: string[]): Command => ({
    argv: ["/bin/sh", "-c", text, ...words, ...ssh],
  });
  return {
    download({ folder, names: [name] }, to) {
      const remote = `cat ${quoteForShell(join(folder, name!))}`;
      return shell(`to="$0"; "$@" ${quoteForShell(remote)} > "$to"`, join(to, name!));
    },
    upload({ folder, names: [name] }, to) {
      const remote = `cat > ${quoteForShell(join(library, to, name!))}`;
      return shell(`from="$0"; "$@" ${quoteForShell(remote)} < "$from"`, join(folder, name!));
    },
    list() {
      throw new Error("it lists nothing");
    },
  };
}
