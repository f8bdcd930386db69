/** What somebody waits who is logged in, while many others try passwords. */
import { readFileSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import type { Logins } from "../fixtures/logins.ts";
import { takeWaits, waits } from "../memory/neighbours.ts";
import { certificateOf } from "../peers/certificate.ts";
import { ONE } from "../peers/material.ts";
import type { Site } from "../peers/site.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import type { Recorder } from "../support/record.ts";
import { Samples } from "../support/samples.ts";
import { makeUser } from "./users.ts";

export interface LoginsPlan {
  readonly rounds: number;
  /** Logins with wrong passwords, a second. */
  readonly rate: number;
  /** Addresses that they come from, in turn. */
  readonly addresses: number;
  /** Milliseconds. */
  readonly watch: number;
}

/** Milliseconds between an answer and the next `stat`. */
const PAUSE = 2;

const AXIS = "logins a second";

/** Each round with a new server, which remembers nobody: at first without those who try, then with them. */
export async function logins(
  site: Site,
  plan: LoginsPlan,
  record: Recorder,
  signal: AbortSignal,
): Promise<void> {
  const users = makeUser(site, "visitor", []);
  const token = readFileSync(users.token, "utf8").trim();
  const samples = new Samples();
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const isTls of [false, true]) {
      signal.throwIfAborted();
      await attempts(site, plan, { users: users.users, token, isTls }, samples);
    }
  }
  samples.write(record);
}

async function attempts(
  site: Site,
  { rate, addresses, watch }: LoginsPlan,
  { users, token, isTls }: { users: string; token: string; isTls: boolean },
  samples: Samples,
): Promise<void> {
  const { cert, key } = certificateOf(site);
  const flags = ["--users", users, ...(isTls ? ["--tls-cert", cert, "--tls-key", key] : [])];
  await using server = await ServerProcess.leat(site.library, ...flags);
  await using client = await connect(`${isTls ? "tls" : "tcp"}://127.0.0.1:${server.port}`, {
    credentials: { token },
    ...(isTls && { tls: { ca: readFileSync(cert, "utf8") } }),
  });
  const stat = async (): Promise<void> => void (await client.stat(`${ONE.path}/${ONE.name}`));
  await stat();
  const words = [server.port, rate, addresses, ...(isTls ? [cert] : [])];
  await using many = ClientProcess.start("logins", ...words);
  await many.ask("0"); // it has started
  const work = `stat beside wrong passwords${isTls ? " by TLS" : ""}`;
  const place = (at: number) => ({ suite: "secure", work, who: "leat", axis: AXIS, at });
  const until = performance.now() + watch;
  takeWaits(samples, place(0), await waits(() => performance.now() < until, PAUSE, stat));
  samples.take({ ...place(0), measure: "server memory" }, server.peakRss / MiB);
  let going = true;
  const trying = many.ask(`${watch}`).finally(() => (going = false));
  const all = await waits(() => going, PAUSE, stat);
  const outcome = JSON.parse(await trying) as Logins;
  const { begun, answers } = outcome;
  const refused = (answers["UNAUTHENTICATED"] ?? 0) + (answers["RESOURCE_EXHAUSTED"] ?? 0);
  const isPlausible = answers["welcome"] === undefined && refused > begun / 2;
  if (!isPlausible) throw new Error(`of ${begun} logins came ${JSON.stringify(answers)}`);
  takeWaits(samples, place(rate), all);
  samples.take({ ...place(rate), measure: "server memory" }, server.peakRss / MiB);
  samples.take({ ...place(rate), measure: "requests" }, begun / (outcome.milliseconds / 1000), {
    note: `from ${addresses} addresses, ${percent(refused / begun)} answered`,
  });
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
