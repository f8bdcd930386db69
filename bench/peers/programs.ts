/** The programs of the peers: where they are, which version, and how to get those that are not there. */
import { delimiter } from "node:path";

interface Source {
  /** The Debian package, or what else has to be done. */
  readonly install: string;
  readonly versionFlag: string;
}

const SOURCES = {
  nginx: { install: "apt-get install nginx-light", versionFlag: "-v" },
  vsftpd: { install: "apt-get install vsftpd", versionFlag: "-v" },
  "pure-ftpd": {
    install: "apt-get download pure-ftpd and LEAT_BENCH_PURE_FTPD (bench/peers/README.md)",
    versionFlag: "--help",
  },
  "pure-pw": { install: "it comes with pure-ftpd", versionFlag: "--help" },
  sshd: { install: "apt-get install openssh-server", versionFlag: "-V" },
  sftp: { install: "apt-get install openssh-client", versionFlag: "-V" },
  ssh: { install: "apt-get install openssh-client", versionFlag: "-V" },
  "ssh-keygen": { install: "apt-get install openssh-client", versionFlag: "-V" },
  rsync: { install: "apt-get install rsync", versionFlag: "--version" },
  lftp: { install: "apt-get install lftp", versionFlag: "--version" },
  curl: { install: "apt-get install curl", versionFlag: "--version" },
  cc: { install: "apt-get install gcc libc6-dev", versionFlag: "--version" },
  ls: { install: "apt-get install coreutils", versionFlag: "--version" },
  cp: { install: "apt-get install coreutils", versionFlag: "--version" },
  setpriv: { install: "apt-get install util-linux", versionFlag: "--version" },
} satisfies Record<string, Source>;

export type ProgramName = keyof typeof SOURCES;

/** A competitor cannot take part here. The message says why, and what would help. */
export class Missing extends Error {}

export function missing(name: ProgramName): string {
  return `${name} is not installed: ${SOURCES[name].install}`;
}

export class Programs {
  readonly #path: string;

  /** @param path as in `PATH`; servers are looked for in the `sbin` beside each `bin`, too */
  constructor(path: string) {
    this.#path = path
      .split(delimiter)
      .filter((folder) => folder !== "")
      .flatMap((folder) => [folder, folder.replace(/\/bin\/?$/, "/sbin")])
      .join(delimiter);
  }

  find(name: ProgramName): string | undefined {
    const variable = `LEAT_BENCH_${name.replace("-", "_").toUpperCase()}`;
    return process.env[variable] ?? Bun.which(name, { PATH: this.#path }) ?? undefined;
  }

  /** @throws Missing, with how to install it */
  need(name: ProgramName): string {
    const found = this.find(name);
    if (found === undefined) throw new Missing(missing(name));
    return found;
  }

  /** What the program says of its version, or `unknown`. */
  version(name: ProgramName): string {
    // vsftpd says its version on its standard input.
    const command = ["/bin/sh", "-c", 'exec "$0" "$1" 0>&1 2>&1', this.need(name)];
    const { stdout } = Bun.spawnSync([...command, SOURCES[name].versionFlag], { timeout: 5000 });
    return /\d+\.\d+(\.\d+)?(p\d+)?/.exec(stdout.toString())?.[0] ?? "unknown";
  }
}
