/** pure-ftpd, with curl and with lftp. It serves one virtual user, which runs as `nobody`. */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Entry } from "./competitor.ts";
import { ftpEntry } from "./ftp.ts";
import { Missing } from "./programs.ts";
import { PeerServer, type Site, freePort } from "./site.ts";

const USER = "bench";
const PASSWORD = "bench";
const NOBODY = 65534;

export async function pureFtpd(site: Site): Promise<Entry> {
  const program = site.programs.need("pure-ftpd");
  if (!site.root) throw new Missing("pure-ftpd has to be started by root");
  const users = await userDatabase(site, program);
  const port = freePort();
  const options = {
    bind: `127.0.0.1,${port}`,
    login: `puredb:${users}`,
    syslogfacility: "none",
    maxclientsnumber: 1000,
    maxclientsperip: 1000,
    limitrecursion: "1000000:5",
    maxidletime: 60,
    pidfile: join(site.etc, "pure-ftpd.pid"),
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const argv = [program, "--noanonymous", "--dontresolve", ...words];
  const server = await PeerServer.start(site, "pure-ftpd", port, argv);
  return ftpEntry(site, "pure-ftpd", server, { user: USER, password: PASSWORD });
}

/** The password is cheap to check: pure-pw would make one that takes seconds at each log-in. */
async function userDatabase(site: Site, server: string): Promise<string> {
  const beside = join(dirname(server), "../bin/pure-pw");
  const purePw = existsSync(beside) ? beside : site.programs.need("pure-pw");
  const hash = await Bun.password.hash(PASSWORD, {
    algorithm: "argon2id",
    memoryCost: 8,
    timeCost: 1,
  });
  const text = join(site.etc, "pure-ftpd.passwd");
  const database = join(site.etc, "pure-ftpd.pdb");
  const home = `${site.library}/./`;
  writeFileSync(text, `${USER}:${hash}:${NOBODY}:${NOBODY}::${home}::::::::::::\n`);
  const made = Bun.spawnSync([purePw, "mkdb", database, "-f", text]);
  if (made.exitCode !== 0) throw new Error(`pure-pw: ${made.stderr.toString().trim()}`);
  return database;
}
