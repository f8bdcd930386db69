/** `leat server --stdio`: serves one client over the standard streams of this process, which ssh has started. */
import { setTimeout as sleep } from "node:timers/promises";
import { STDIO_DRAIN } from "../../limits.ts";
import { type OpenedStdio, openStdio } from "../../net/stdio.ts";
import { servePeer } from "../../server/server.ts";
import { UsageError } from "../program/exit-codes.ts";
import type { ServerFlags } from "./flags.ts";
import { renewalsOf } from "./renewals.ts";
import { openLogs, stopOnSignal } from "./running.ts";

/** Flags of a server that listens, and the names under which commander keeps them. */
const LISTENING = [
  "host",
  "port",
  "unix",
  "tlsCert",
  "tlsKey",
  "tlsClientCa",
  "model",
  "workers",
  "maxConnections",
] as const;

/** @throws UsageError */
export function checkStdio(typed: (flag: string) => boolean): void {
  const name = LISTENING.find(typed);
  if (name === undefined) return;
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--stdio serves one client, and listens nowhere: it has no --${flag}`);
}

/** Resolves when the client has left. @throws what `servePeer` throws; INVALID_ARGUMENT: no pipes */
export async function serveStdio(library: string, flags: ServerFlags): Promise<void> {
  const { stdio: _own, hostname: _host, port: _port, unix: _unix, ...options } = flags;
  const logs = openLogs(flags);
  const { log } = logs;
  let opened: OpenedStdio | undefined;
  const one = { model: "event-loop", workers: 1, maxConnections: 1 } as const;
  const serving = await servePeer({ ...options, ...one, library, log }, async (accept) => {
    opened = await openStdio(peerName(), accept);
  });
  const renewals = [...logs.renewals, ...renewalsOf(serving, flags, log)];
  const stopped = stopOnSignal(serving, log, renewals);
  await Promise.race([serving.ended, stopped]);
  // A client that has gone reads nothing more: then it is not waited for.
  await Promise.race([opened?.drained, sleep(STDIO_DRAIN)]);
  logs.flush();
}

/** For the log: the machine that ssh comes from, where sshd tells it. */
function peerName(): string {
  const [host, port] = (process.env.SSH_CONNECTION ?? "").split(" ");
  return host && port ? `ssh:${host.includes(":") ? `[${host}]` : host}:${port}` : "stdio";
}
