/** All processes of one server: what they used, what they hold, and their end. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export interface ProcessGroup extends Disposable {
  /** Words to put before a command line, so that it starts as the first of this group. */
  readonly prefix: readonly string[];
  /** Tells the group which process that became. */
  started(pid: number): void;
  pids(): number[];
  /** User and system time of all of them, those that ended included, in seconds. */
  cpu(): number;
}

const PREFIX = "leat-bench-";

/** A control group when one can be made, else what hangs below the first process. */
export function processGroup(name: string): ProcessGroup {
  const parent = ownControlGroup();
  try {
    if (parent !== undefined) {
      sweep(parent);
      return new ControlGroup(join(parent, `${PREFIX}${name}-${process.pid}`));
    }
  } catch {
    // Not ours to write: an ordinary user without a delegated group.
  }
  return new ProcessTree();
}

/** How CPU time is counted here, for readers of the figures. */
export function accounting(): string {
  using group = processGroup("probe");
  return group instanceof ControlGroup ? "control groups" : "process trees";
}

/** Removes the groups of benches that were killed. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? name.split("-").at(-1)! : undefined;
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      rmdirSync(join(parent, name));
    } catch {
      // It still has processes, or another bench was first.
    }
  }
}

function ownControlGroup(): string | undefined {
  try {
    const mounts = readFileSync("/proc/self/mounts", "utf8");
    const mount = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
    const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
    return mount === undefined || path === undefined ? undefined : join(mount, path);
  } catch {
    return undefined;
  }
}

class ControlGroup implements ProcessGroup {
  readonly prefix: readonly string[];
  readonly #path: string;

  constructor(path: string) {
    mkdirSync(path);
    this.#path = path;
    if (!existsSync(join(path, "cgroup.kill"))) {
      rmdirSync(path);
      throw new Error("this kernel cannot end a control group");
    }
    const join_ = 'echo $$ > "$0" && exec "$@"';
    this.prefix = ["/bin/sh", "-c", join_, join(path, "cgroup.procs")];
  }

  started(): void {}

  pids(): number[] {
    const lines = readFileSync(join(this.#path, "cgroup.procs"), "utf8").split("\n");
    return lines.filter((line) => line !== "").map(Number);
  }

  cpu(): number {
    const stat = readFileSync(join(this.#path, "cpu.stat"), "utf8");
    return Number(/^usage_usec (\d+)$/m.exec(stat)![1]) / 1e6;
  }

  [Symbol.dispose](): void {
    writeFileSync(join(this.#path, "cgroup.kill"), "1");
    const until = performance.now() + 2000;
    while (this.pids().length > 0 && performance.now() < until) Bun.sleepSync(1);
    rmdirSync(this.#path);
  }
}

interface Stat {
  readonly parent: number;
  readonly cpu: number;
}

/** A descendant whose parent ended before it is lost to this one. */
class ProcessTree implements ProcessGroup {
  readonly prefix: readonly string[] = [];
  #root: number | undefined;

  started(pid: number): void {
    this.#root = pid;
  }

  #members(): Map<number, Stat> {
    const all = processes();
    const members = new Map<number, Stat>();
    const add = (pid: number): void => {
      members.set(pid, all.get(pid)!);
      for (const [child, { parent }] of all) if (parent === pid) add(child);
    };
    if (this.#root !== undefined && all.has(this.#root)) add(this.#root);
    return members;
  }

  pids(): number[] {
    return [...this.#members().keys()];
  }

  cpu(): number {
    return [...this.#members().values()].reduce((sum, { cpu }) => sum + cpu, 0);
  }

  [Symbol.dispose](): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Ended meanwhile.
      }
    }
  }
}

/** Every process, with its own time and that of the children it has reaped. */
function processes(): Map<number, Stat> {
  const found = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      if (fields[0] !== "Z")
        found.set(Number(name), { parent: Number(fields[1]), cpu: ticks / 100 });
    } catch {
      // Ended meanwhile.
    }
  }
  return found;
}

/** Memory of processes, what they share counted once among them, in bytes. */
export function proportionalMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + pss(pid), 0);
}

function pss(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)![1]) * 1024;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ESRCH" || code === "ENOENT") return 0; // ended meanwhile
    throw thrown;
  }
}
