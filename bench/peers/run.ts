/** Client processes, from their start to their end. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Command, Competitor } from "./competitor.ts";
import type { ProcessGroup } from "./process-group.ts";
import { type Site, environment, tail } from "./site.ts";

/** Milliseconds after which a client is ended. */
const LIMIT = 60_000;
/** Milliseconds for the server's processes of this client to end, before its time is read. */
const SETTLE = 1000;

/** One run, start and end of the processes included. Seconds, all of them. */
export interface Sample {
  readonly wall: number;
  readonly serverCpu: number;
  readonly clientCpu: number;
}

/** What the clients write on standard output, all into one file. */
export const outputOf = (site: Site): string => join(site.etc, "client.out");

/** Runs clients at once. @throws Error with what they said when one fails or takes too long */
export async function runClients(
  site: Site,
  commands: readonly Command[],
  { server }: Pick<Competitor, "server">,
  signal: AbortSignal,
): Promise<Sample> {
  const said = join(site.etc, "client.log");
  const files = [openSync(outputOf(site), "w"), openSync(said, "w")] as const;
  const env = environment(site);
  const processes = server?.pids().length ?? 0;
  const before = server?.cpu() ?? 0;
  const began = performance.now();
  const children = commands.map(({ argv, cwd = site.etc }) =>
    Bun.spawn([...argv], { env, cwd, stdio: ["ignore", ...files], signal, timeout: LIMIT }),
  );
  const codes = await Promise.all(children.map(({ exited }) => exited));
  const wall = (performance.now() - began) / 1000;
  for (const file of files) closeSync(file);
  signal.throwIfAborted();
  const failed = codes.findIndex((code) => code !== 0);
  if (failed >= 0) throw new Error(failure(children[failed]!, wall, tail(said)));
  await settle(server, processes);
  const clientCpu = children.reduce((sum, child) => sum + cpuOf(child), 0);
  return { wall, clientCpu, serverCpu: (server?.cpu() ?? 0) - before };
}

function failure(child: Bun.Subprocess, wall: number, said: string): string {
  if (wall * 1000 >= LIMIT) return `its client took longer than ${LIMIT / 1000} s`;
  return `its client ended with ${child.signalCode ?? child.exitCode}: ${said}`;
}

/** Of the process and of those it has waited for. */
function cpuOf(child: Bun.Subprocess): number {
  return Number(child.resourceUsage()!.cpuTime.total) / 1e6;
}

async function settle(server: ProcessGroup | undefined, processes: number): Promise<void> {
  const until = performance.now() + SETTLE;
  while ((server?.pids().length ?? 0) > processes && performance.now() < until) await Bun.sleep(2);
}
