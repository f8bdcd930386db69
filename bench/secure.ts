/** What it takes to be safe: TLS, ssh, users; and whom those keep waiting who try passwords. */
import { GiB, KiB, MiB } from "../src/limits.ts";
import type { Files } from "./peers/competitor.ts";
import { leatOverTls } from "./peers/leat.ts";
import { LineUp, type Wanted, tell, versions } from "./peers/line-up.ts";
import { ONE, makeFiles } from "./peers/material.ts";
import { nginxOverTls } from "./peers/nginx.ts";
import { accounting } from "./peers/process-group.ts";
import { Session } from "./peers/session.ts";
import type { Site } from "./peers/site.ts";
import { prepareSite } from "./peers/suite.ts";
import { type Times, transferWork } from "./peers/works.ts";
import { BARE_TLS, bareTls } from "./secure/bare-tls.ts";
import { type LoginsPlan, logins } from "./secure/logins.ts";
import { SSH_ALONE, overSsh } from "./secure/over-ssh.ts";
import { WITHOUT_USERS, withUsers, withoutUsers } from "./secure/users.ts";
import { progress } from "./support/figures.ts";
import { Interrupt } from "./support/interrupt.ts";
import type { Way } from "./support/job.ts";
import { Scratch } from "./support/processes.ts";
import type { Recorder, Suite } from "./support/record.ts";

const SUITE = "secure";
const SMALL = 4 * KiB;

/** How much of everything. */
export interface SecurePlan {
  /** Bytes of the file. */
  readonly size: number;
  /** Shared out to client processes that start together. */
  readonly parts: { readonly count: number; readonly size: number; readonly clients: number };
  /** Small files. */
  readonly small: number;
  readonly tls: { readonly file: Times; readonly parts: Times };
  readonly ssh: { readonly file: Times; readonly small: Times };
  readonly users: { readonly file: Times; readonly small: Times };
  readonly logins: LoginsPlan;
}

const times = (rounds: number, warmUp = true): Times => ({ rounds, warmUp });

const FULL: SecurePlan = {
  size: GiB,
  parts: { count: 64, size: 16 * MiB, clients: 4 },
  small: 5000,
  tls: { file: times(4), parts: times(3, false) },
  ssh: { file: times(3, false), small: times(4) },
  users: { file: times(4), small: times(11) },
  logins: { rounds: 2, rate: 1000, addresses: 50, watch: 5000 },
};

const QUICK: SecurePlan = {
  size: 128 * MiB,
  parts: { count: 16, size: 4 * MiB, clients: 4 },
  small: 1000,
  tls: { file: times(2, false), parts: times(2, false) },
  ssh: { file: times(2, false), small: times(2, false) },
  users: { file: times(2, false), small: times(3, false) },
  logins: { rounds: 1, rate: 1000, addresses: 50, watch: 1000 },
};

export const secure: Suite = {
  name: SUITE,
  title:
    "what it takes to be safe: TLS beside nginx and a bare loop, ssh beside rsync, users beside none; and what a user waits while others try passwords",
  run: ({ record, quick }) => measureSecure(quick ? QUICK : FULL, record),
};

export async function measureSecure(plan: SecurePlan, record: Recorder): Promise<void> {
  using interrupt = new Interrupt();
  using scratch = new Scratch();
  const site = prepareSite(scratch, process.env.PATH ?? "");
  tell(versions(site));
  progress(`  CPU time of servers by ${accounting()}`);
  makeFiles(site.library, ONE.path, 1, SMALL);
  const bench = new Secure(site, plan, record, interrupt.signal);
  await bench.tls();
  await bench.ssh();
  await bench.users();
  await logins(site, plan.logins, record, interrupt.signal);
}

class Secure {
  readonly #site: Site;
  readonly #plan: SecurePlan;
  readonly #record: Recorder;
  readonly #signal: AbortSignal;
  readonly #file: Files;
  readonly #parts: Files;
  readonly #small: Files;

  constructor(site: Site, plan: SecurePlan, record: Recorder, signal: AbortSignal) {
    this.#site = site;
    this.#plan = plan;
    this.#record = record;
    this.#signal = signal;
    const { parts } = plan;
    this.#file = makeFiles(site.library, "file", 1, plan.size);
    this.#parts = makeFiles(site.library, "parts", parts.count, parts.size);
    this.#small = makeFiles(site.library, "small", plan.small, SMALL);
  }

  async tls(): Promise<void> {
    const peers = { nginx: nginxOverTls, [BARE_TLS]: bareTls };
    await this.#compare({ leats: [leatOverTls], peers }, BARE_TLS, async (run) => {
      await run("by TLS", "one file", this.#plan.tls.file);
      await run("by TLS", "parts", this.#plan.tls.parts);
    });
  }

  async ssh(): Promise<void> {
    await this.#compare(
      { leats: [], peers: { "leat by ssh": overSsh } },
      SSH_ALONE,
      async (run) => {
        await run("over ssh", "one file", this.#plan.ssh.file);
        await run("over ssh", "small files", this.#plan.ssh.small);
      },
    );
  }

  async users(): Promise<void> {
    const leats = [withUsers, withoutUsers];
    await this.#compare({ leats, peers: {} }, WITHOUT_USERS, async (run) => {
      await run("of a user", "one file", this.#plan.users.file);
      await run("of a user", "small files", this.#plan.users.small);
    });
  }

  /** @param ceiling who is the most that the others can reach */
  async #compare(
    wanted: Omit<Wanted, "suite">,
    ceiling: string,
    works: (run: (how: string, kind: Kind, rounds: Times) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const [suite, record, signal] = [SUITE, this.#record, this.#signal];
    await using lineUp = await LineUp.start(this.#site, { suite, ...wanted }, record);
    const { competitors } = lineUp;
    const ceilingOf = (_kind: string, _measure: string, who: string) =>
      who === ceiling ? undefined : ceiling;
    const session = new Session(this.#site, { suite, competitors, record, signal, ceilingOf });
    await works(async (how, kind, rounds) => {
      for (const direction of ["download", "upload"] as const) {
        const work = transferWork(this.#site, this.#what(kind, direction), rounds);
        await session.work({ ...work, name: `${work.name} ${how}` });
      }
    });
  }

  #what(kind: Kind, direction: Way) {
    const { size, parts } = this.#plan;
    switch (kind) {
      case "one file":
        return { kind, direction, files: this.#file, size };
      case "parts":
        return { kind, direction, files: this.#parts, size: parts.size, clients: parts.clients };
      case "small files":
        return { kind, direction, files: this.#small, size: SMALL };
    }
  }
}

type Kind = "one file" | "parts" | "small files";
