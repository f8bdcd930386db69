/** The programs that take part: every peer that is installed, each server started once. */
import { progress } from "../support/figures.ts";
import type { Recorder } from "../support/record.ts";
import { bunServe } from "./bun-serve.ts";
import { type Competitor, type Entry, type Idle, SAME_CALLS } from "./competitor.ts";
import { local } from "./local.ts";
import { leat, leatWithKernelCopy } from "./leat.ts";
import { nginx } from "./nginx.ts";
import { openssh } from "./openssh.ts";
import { Missing, type ProgramName, missing } from "./programs.ts";
import { pureFtpd } from "./pure-ftpd.ts";
import { rsync } from "./rsync.ts";
import { sameCalls } from "./same-calls.ts";
import type { Site } from "./site.ts";
import { vsftpd } from "./vsftpd.ts";

type Start = (site: Site) => Promise<Entry>;

/** Who is to take part. */
export interface Wanted {
  /** The suite that records who is missing. */
  readonly suite: string;
  readonly leats: readonly Start[];
  /** By the name under which one is missing. */
  readonly peers: Readonly<Record<string, Start>>;
}

const PEERS: Wanted["peers"] = {
  "Bun.serve": bunServe,
  nginx,
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
  static async start(site: Site, { suite, leats, peers }: Wanted, record: Recorder) {
    const lineUp = new LineUp();
    try {
      for (const start of leats) lineUp.#add(await start(site));
      for (const [who, start] of Object.entries(peers)) {
        try {
          lineUp.#add(await start(site));
        } catch (thrown) {
          const { message } = thrown as Error;
          const why = thrown instanceof Missing ? message : `it does not start: ${message}`;
          record.absent(suite, who, why);
          progress(`  absent: ${who}: ${why}`);
        }
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

/** leat in three ways, and every peer. @throws when leat does not start */
export async function startPeers(site: Site, suite: string, record: Recorder): Promise<LineUp> {
  const leats: Start[] = [
    (there) => leat(there, "none"),
    (there) => leat(there, "fsync"),
    leatWithKernelCopy,
  ];
  for (const client of ["curl", "lftp"] as const) {
    if (site.programs.find(client) !== undefined) continue;
    record.absent(suite, `every server + ${client}`, missing(client));
  }
  return await LineUp.start(site, { suite, leats, peers: PEERS }, record);
}

/** The programs that are there, by name. */
export function versions({ programs }: Site): Map<string, string> {
  const there = VERSIONED.filter((name) => programs.find(name) !== undefined);
  return new Map(there.map((name) => [name, programs.version(name)]));
}

export function tell(versionsOf: ReadonlyMap<string, string>): void {
  for (const [name, version] of versionsOf) progress(`  ${name} ${version}`);
}
