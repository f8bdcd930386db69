/** The programs that take part: every peer that is installed, each server started once. */
import { progress } from "../support/figures.ts";
import type { Recorder } from "../support/record.ts";
import { bunServe } from "./bun-serve.ts";
import { type Competitor, type Entry, type Idle, SAME_CALLS } from "./competitor.ts";
import { local } from "./local.ts";
import { leat, leatOverTls, leatWithKernelCopy } from "./leat.ts";
import { nginx, nginxOverTls } from "./nginx.ts";
import { openssh } from "./openssh.ts";
import { Missing, type ProgramName, missing } from "./programs.ts";
import { pureFtpd } from "./pure-ftpd.ts";
import { rsync } from "./rsync.ts";
import { sameCalls } from "./same-calls.ts";
import type { Site } from "./site.ts";
import { vsftpd } from "./vsftpd.ts";

const PEERS: Record<string, (site: Site) => Promise<Entry>> = {
  "Bun.serve": bunServe,
  nginx,
  "nginx, TLS": nginxOverTls,
  vsftpd,
  "pure-ftpd": pureFtpd,
  "OpenSSH sftp": openssh,
  rsync,
  [SAME_CALLS]: sameCalls,
  "cp -r": local,
};

/** Programs whose versions a reader wants to know. */
const VERSIONED: ProgramName[] = [
  "nginx",
  "vsftpd",
  "pure-ftpd",
  "ssh",
  "rsync",
  "lftp",
  "curl",
  "cc",
];

export class LineUp implements AsyncDisposable {
  readonly competitors: Competitor[] = [];
  readonly idles: Idle[] = [];
  readonly #entries = new AsyncDisposableStack();

  /** A peer that is missing or does not start is recorded as absent. @throws when leat does not start */
  static async start(site: Site, record: Recorder): Promise<LineUp> {
    const lineUp = new LineUp();
    try {
      lineUp.#add(await leat(site, "none"));
      lineUp.#add(await leat(site, "fsync"));
      lineUp.#add(await leatWithKernelCopy(site));
      lineUp.#add(await leatOverTls(site));
      for (const [who, start] of Object.entries(PEERS)) {
        try {
          lineUp.#add(await start(site));
        } catch (thrown) {
          const why = (thrown as Error).message;
          record.absent(
            "peers",
            who,
            thrown instanceof Missing ? why : `it does not start: ${why}`,
          );
        }
      }
      for (const client of ["curl", "lftp"] as const) {
        if (site.programs.find(client) !== undefined) continue;
        record.absent("peers", `every server + ${client}`, missing(client));
      }
      return lineUp;
    } catch (thrown) {
      await lineUp[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  #add(entry: Entry): void {
    this.#entries.use(entry);
    this.competitors.push(...entry.competitors);
    if (entry.idle) this.idles.push(entry.idle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#entries.disposeAsync();
  }
}

/** The programs that are there, by name. */
export function versions({ programs }: Site): Map<string, string> {
  const there = VERSIONED.filter((name) => programs.find(name) !== undefined);
  return new Map(there.map((name) => [name, programs.version(name)]));
}

export function tell(versionsOf: ReadonlyMap<string, string>): void {
  for (const [name, version] of versionsOf) progress(`  ${name} ${version}`);
}
