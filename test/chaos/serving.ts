/** The server of a chaos run: a process of its own, that is killed and started again. */
import { environment, SERVER, Written } from "../cli/support.ts";
import { descendants, openIn, stateOf } from "../support/held.ts";
import type { ServerPlan } from "./plan.ts";

/** Milliseconds between two looks at what should become so. */
const LOOK = 5;
/** Milliseconds after which a server holds what it will not let go of. */
const SETTLED = 20_000;
/** Milliseconds in which a server that nobody uses must have stopped. */
const STOPPED = 20_000;

export class Serving {
  readonly #library: string;
  readonly #plan: ServerPlan;
  #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #stderr: Written;
  port = 0;
  /** What every server of this run has written to its log. */
  #logs: Written[] = [];

  private constructor(library: string, plan: ServerPlan) {
    this.#library = library;
    this.#plan = plan;
    this.#child = this.#spawn();
    this.#stderr = this.#logs[0]!;
  }

  static async start(library: string, plan: ServerPlan): Promise<Serving> {
    const serving = new Serving(library, plan);
    await serving.#ready();
    return serving;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get log(): string {
    return this.#logs.map(({ text }) => text).join("");
  }

  get workers(): number[] {
    return descendants(this.#child.pid);
  }

  async kill(): Promise<void> {
    const all = [this.#child.pid, ...this.workers];
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    // Workers end when their parent is gone: the next server must not meet them.
    while (all.some((pid) => isThere(pid))) await Bun.sleep(LOOK);
  }

  async restart(): Promise<void> {
    this.#child = this.#spawn();
    this.#stderr = this.#logs.at(-1)!;
    await this.#ready();
  }

  /** @returns whether one was there */
  killWorker(which: number): boolean {
    const all = this.workers;
    const pid = all[which % all.length];
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    return pid !== undefined;
  }

  /** Nothing of the server runs for a time. */
  async pause(milliseconds: number): Promise<void> {
    const all = [this.#child.pid, ...this.workers].filter((pid) => signal(pid, "SIGSTOP"));
    await Bun.sleep(milliseconds);
    for (const pid of all) signal(pid, "SIGCONT");
  }

  /** What it holds besides its own: for clients, or in the library. */
  held(): string[] {
    const all = [this.#child.pid, ...this.workers].flatMap(openIn);
    const library = `${this.#library}/`;
    return all.filter((what) => what.startsWith(library) && !isOwn(what.slice(library.length)));
  }

  descriptors(): number {
    const all = [this.#child.pid, ...this.workers].flatMap(openIn);
    return all.filter((what) => !what.startsWith(`${this.#library}/`)).length;
  }

  /** Waits until it holds no more than that. @returns what it goes on holding */
  async settled(descriptors: number): Promise<string[]> {
    const deadline = performance.now() + SETTLED;
    while (this.held().length > 0 || this.descriptors() > descriptors) {
      if (performance.now() > deadline) {
        const more = this.descriptors() - descriptors;
        return [...this.held(), ...(more > 0 ? [`${more} descriptors more than before`] : [])];
      }
      await Bun.sleep(LOOK);
    }
    return [];
  }

  /** Stops it as its owner does. @returns what was wrong about that */
  async stop(): Promise<string[]> {
    const all = [this.#child.pid, ...this.workers];
    this.#child.kill("SIGTERM");
    const code = await Promise.race([this.#child.exited, Bun.sleep(STOPPED).then(() => "late")]);
    const left = all.filter((pid) => isThere(pid));
    for (const pid of left) signal(pid, "SIGKILL");
    await this.#child.exited;
    await this.#stderr.until(() => true).catch(() => {});
    return [
      ...(code === 0 ? [] : [`the server ended with ${code}`]),
      ...(left.length > 0 ? [`processes left: ${left.join(" ")}`] : []),
    ];
  }

  #spawn(): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const { workers, descriptors } = this.#plan;
    const serve = [SERVER, "server", this.#library, "--port", "0"];
    if (workers > 1) serve.push("--workers", `${workers}`);
    serve.push("--log-level", "warn");
    const limited = ["sh", "-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", ...serve];
    const child = Bun.spawn(descriptors > 0 ? limited : serve, {
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#logs.push(new Written(child.stderr));
    return child;
  }

  async #ready(): Promise<void> {
    const ready = await new Written(this.#child.stdout).until("\n").catch((error: unknown) => {
      throw new Error(`no server: ${this.log}`, { cause: error });
    });
    this.port = Number(/:(\d+)\n/.exec(ready)![1]);
  }
}

/** The library's own folder, and what a store keeps open in it for good. */
function isOwn(path: string): boolean {
  return /^\.leat(\/(partial|receipts\S*))?$/.test(path);
}

function isThere(pid: number): boolean {
  return (stateOf(pid) ?? "Z") !== "Z";
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // it has ended
  }
}
