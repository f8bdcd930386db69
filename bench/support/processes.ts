/** Servers and clients in processes of their own. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job, Run } from "./job.ts";
import { cpuTime, forgetPeak, peakMemory, residentMemory } from "./system.ts";

const ROOT = join(import.meta.dir, "../..");

/** How long a server may take to listen, and to end once it was asked to, in milliseconds. */
const SERVER_DEADLINE = 15_000;

/** How long one run of a client may take, in milliseconds: 64 GiB take 45 seconds on a quick machine. */
const RUN_DEADLINE = 300_000;

/** A folder that goes with the bench: in memory where the system has a place for it. */
export class Scratch implements Disposable {
  readonly path: string;

  /** @param parent `LEAT_BENCH_DIR`, /dev/shm, or the temporary folder */
  constructor(parent = process.env["LEAT_BENCH_DIR"] ?? shm() ?? tmpdir()) {
    this.path = mkdtempSync(join(parent, "leat-bench-"));
    mkdirSync(this.library);
    mkdirSync(this.out(""));
  }

  get library(): string {
    return join(this.path, "library");
  }

  out(name: string): string {
    return join(this.path, "out", name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function shm(): string | undefined {
  return existsSync("/dev/shm") ? "/dev/shm" : undefined;
}

/** A server process that printed where it listens. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;

  private constructor(process: Bun.Subprocess<"ignore", "pipe", "inherit">, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** `leat server` on a free port. */
  static async leat(library: string, ...flags: string[]): Promise<ServerProcess> {
    const command = [join(ROOT, "src/cli/main.ts"), "server", library, "--port", "0"];
    return ServerProcess.start([...command, "--log-level", "error", ...flags]);
  }

  /** The bare socket loop on a free port. */
  static async bare(library: string): Promise<ServerProcess> {
    return ServerProcess.start([join(ROOT, "bench/fixtures/bare.ts"), "server", library]);
  }

  static async start(command: readonly string[]): Promise<ServerProcess> {
    const child = Bun.spawn([process.execPath, ...command], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const late = setTimeout(() => child.kill("SIGKILL"), SERVER_DEADLINE);
    const { value: line = "" } = await lines(child.stdout).next();
    clearTimeout(late);
    const port = Number(/(\d+)\s*$/.exec(line)?.[1]);
    if (!(port > 0)) {
      child.kill("SIGKILL");
      throw new Error(`the server printed ${JSON.stringify(line)}`);
    }
    return new ServerProcess(child, port);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resident memory, in bytes. */
  get rss(): number {
    return residentMemory(this.pid);
  }

  /** The most it ever was, or was since `forgetPeak`, in bytes. */
  get peakRss(): number {
    return peakMemory(this.pid);
  }

  forgetPeak(): void {
    forgetPeak(this.pid);
  }

  /** User and system time, in seconds. */
  get cpu(): number {
    return cpuTime(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), SERVER_DEADLINE);
    await this.#process.exited;
    clearTimeout(late);
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const parts = (text + decoder.decode(bytes, { stream: true })).split("\n");
    text = parts.pop()!;
    yield* parts;
  }
  if (text !== "") yield text;
}

/** A client process that does what a line says, one line after another: warm, like a program that stays. */
export class ClientProcess implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #answers: AsyncGenerator<string>;

  private constructor(process: Bun.Subprocess<"pipe", "pipe", "inherit">) {
    this.#process = process;
    this.#answers = lines(process.stdout);
  }

  /** @param fixture a file of bench/fixtures that answers each line with one */
  static start(fixture: string, ...words: (string | number)[]): ClientProcess {
    const path = join(ROOT, "bench/fixtures", `${fixture}.ts`);
    const command = [process.execPath, path, ...words.map(String)];
    return new ClientProcess(Bun.spawn(command, { stdio: ["pipe", "pipe", "inherit"] }));
  }

  /** The most resident memory that it ever had, in bytes. */
  get peakRss(): number {
    return peakMemory(this.#process.pid);
  }

  /** For those that call `serveJobs`. @throws as `ask` */
  async run(job: Job): Promise<Run> {
    return JSON.parse(await this.ask(JSON.stringify(job))) as Run;
  }

  /** @throws when it failed, or took too long: the process is gone then */
  async ask(line: string): Promise<string> {
    const late = setTimeout(() => this.#process.kill("SIGKILL"), RUN_DEADLINE);
    this.#process.stdin.write(`${line}\n`);
    await this.#process.stdin.flush();
    const { done, value } = await this.#answers.next();
    clearTimeout(late);
    if (done === true) throw new Error(`a client failed at ${line}`);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
