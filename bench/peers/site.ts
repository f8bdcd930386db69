/** Where the peers serve from, and how a server of theirs is started and stopped. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ProcessGroup, processGroup } from "./process-group.ts";
import type { Programs } from "./programs.ts";

/** Seconds a server may take until it accepts connections. */
const START = 10;
/** Milliseconds it has to end when it is asked to, before it is made to. */
const STOP = 2000;

/** What every peer is started with. */
export interface Site {
  readonly programs: Programs;
  /** The folder that all of them serve. */
  readonly library: string;
  /** A folder for configurations, keys and lists. */
  readonly etc: string;
  /** The user this runs as is root: some servers want another one to serve as. */
  readonly root: boolean;
}

/** What servers and clients find around them: nothing of the user's own settings. */
export function environment(site: Site): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: site.etc, LC_ALL: "C", NO_COLOR: "1" };
}

/** The user of this process: Bun's `userInfo` looks only at the environment. */
export function userName(): string {
  return Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

interface How {
  /** Serve as `nobody`; only root can. */
  readonly asNobody?: boolean;
}

/** A server with all its processes, which do not outlive it. */
export class PeerServer implements AsyncDisposable {
  readonly port: number;
  readonly group: ProcessGroup;
  readonly #process: Bun.Subprocess;

  private constructor(child: Bun.Subprocess, group: ProcessGroup, port: number) {
    this.#process = child;
    this.group = group;
    this.port = port;
  }

  /**
   * @param argv a server that stays in the foreground and listens on 127.0.0.1:`port`
   * @throws Error with what it printed when it ends, or does not listen in time
   */
  static async start(
    site: Site,
    name: string,
    port: number,
    argv: readonly string[],
    how: How = {},
  ): Promise<PeerServer> {
    const group = processGroup(name);
    const said = join(site.etc, `${name}.log`);
    const log = openSync(said, "a");
    const child = Bun.spawn([...group.prefix, ...withParent(site, how), ...argv], {
      env: environment(site),
      cwd: site.etc,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    group.started(child.pid);
    const server = new PeerServer(child, group, port);
    try {
      await listens(child, port);
      return server;
    } catch (thrown) {
      await server[Symbol.asyncDispose]();
      throw new Error(`${(thrown as Error).message}: ${tail(said)}`, { cause: thrown });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => this.#process.kill("SIGKILL"), STOP);
    await this.#process.exited;
    clearTimeout(late);
    this.group[Symbol.dispose]();
  }
}

/**
 * The server ends when the bench is killed, so far as the system can see to that. It does not even
 * begin when that has happened already, before it could be heard of.
 */
function withParent({ programs, root }: Site, { asNobody = false }: How): string[] {
  const setpriv = programs.find("setpriv");
  if (setpriv === undefined) return [];
  const user = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"];
  const words = [setpriv, ...(asNobody && root ? user : []), "--pdeathsig", "TERM", "--"];
  return [...words, "/bin/sh", "-c", `[ $PPID = ${process.pid} ] && exec "$0" "$@"`];
}

async function listens(child: Bun.Subprocess, port: number): Promise<void> {
  const until = performance.now() + 1000 * START;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.terminate();
      return;
    } catch {
      await Bun.sleep(10);
    }
  }
  throw new Error(`the server does not listen after ${START} s`);
}

/** The end of what a process printed, on one line. */
export function tail(path: string): string {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.slice(-3).join("; ").slice(-300);
}
