/** The programs that mirror trees: each with a server, directly and over a long link. */
import { join } from "node:path";
import { buildLeat } from "../peers/leat.ts";
import type { ProcessGroup } from "../peers/process-group.ts";
import { rsyncDaemon } from "../peers/rsync.ts";
import { PeerServer, type Site, freePort } from "../peers/site.ts";
import { ServerProcess } from "../support/processes.ts";

export type Task =
  /** The target has most of it. */
  | "mirror"
  /** The target has nothing. */
  | "copy";

/** A program, and the way to its server. */
export interface Mover {
  readonly who: string;
  readonly server?: ProcessGroup;
  /** @param from a folder of the library @param to a local one */
  down(task: Task, from: string, to: string): string[];
  up(task: Task, from: string, to: string): string[];
}

export interface Movers extends AsyncDisposable {
  readonly direct: readonly Mover[];
  readonly far: readonly Mover[];
}

/** @param delay milliseconds of each direction of the long link @throws Missing where there is no rsync */
export async function startMovers(site: Site, delay: number): Promise<Movers> {
  await using stack = new AsyncDisposableStack();
  const leat = stack.use(await startLeat(site));
  const rsync = stack.use(await rsyncDaemon(site));
  const relay = async (port: number): Promise<number> =>
    stack.use(await ServerProcess.start([RELAY, String(port), String(delay)])).port;
  const all = (ports: readonly [number, number]): Mover[] => [
    leatMover(buildLeat(site), ports[0], leat.group),
    rsyncMover(site.programs.need("rsync"), ports[1], rsync.group),
  ];
  const direct = all([leat.port, rsync.port]);
  const far = all([await relay(leat.port), await relay(rsync.port)]);
  const owned = stack.move();
  return { direct, far, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const RELAY = join(import.meta.dir, "../fixtures/relay.ts");

/** A server of its own: what it has done before is in no figure of it. */
export function startLeat(site: Site): Promise<PeerServer> {
  const port = freePort();
  const flags = [`--port=${port}`, "--durability=none", "--log-level=error"];
  return PeerServer.start(site, `leat-${port}`, port, [
    buildLeat(site),
    "server",
    site.library,
    ...flags,
  ]);
}

export function leatMover(executable: string, port: number, server?: ProcessGroup): Mover {
  const start = [executable, "client", "--server", `127.0.0.1:${port}`, "--quiet"];
  const none = "--durability=none";
  return {
    who: "leat",
    ...(server && { server }),
    down: (task, from, to) =>
      task === "mirror"
        ? [...start, "sync", `:${from}`, to, none]
        : [...start, "get", "-r", from, "-o", to, none],
    up: (task, from, to) =>
      task === "mirror"
        ? [...start, "sync", from, `:${to}`]
        : [...start, "upload", "-r", from, "-o", to],
  };
}

function rsyncMover(program: string, port: number, server: ProcessGroup): Mover {
  const base = `rsync://127.0.0.1:${port}/library`;
  return {
    who: "rsync",
    server,
    down: (_task, from, to) => [program, "-aW", `${base}/${from}/`, `${to}/`],
    up: (_task, from, to) => [program, "-aW", `${from}/`, `${base}/${to}/`],
  };
}
