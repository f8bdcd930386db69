/** Servers and clients in processes of their own, and what the system says of them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** A folder that goes with the bench: in memory where the system has a place for it. */
export class Scratch implements Disposable {
  readonly path: string;

  /** @param parent `LEAT_BENCH_DIR`, /dev/shm, or the temporary folder */
  constructor(parent = process.env["LEAT_BENCH_DIR"] ?? shm() ?? tmpdir()) {
    this.path = mkdtempSync(join(parent, "leat-bench-"));
    mkdirSync(join(this.path, "library"));
    mkdirSync(join(this.path, "out"));
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
  try {
    readFileSync("/proc/self/mounts", "utf8").includes(" /dev/shm ");
    return "/dev/shm";
  } catch {
    return undefined;
  }
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
    const line = await firstLine(child.stdout);
    const port = Number(/(\d+)\s*$/.exec(line)?.[1]);
    if (!(port > 0)) throw new Error(`the server printed ${JSON.stringify(line)}`);
    return new ServerProcess(child, port);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resident memory, in bytes. */
  get rss(): number {
    return statusBytes(this.pid, "VmRSS");
  }

  /** The most it ever was, in bytes. */
  get peakRss(): number {
    return statusBytes(this.pid, "VmHWM");
  }

  /** User and system time, in seconds. */
  get cpu(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text.split("\n")[0]!;
}

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
}

/** Kernel memory of all TCP sockets, in bytes: bench alone on the machine. */
export function tcpMemory(): number {
  const sockstat = readFileSync("/proc/net/sockstat", "utf8");
  return Number(/^TCP: .* mem (\d+)/m.exec(sockstat)?.[1] ?? 0) * 4096;
}

/** Runs a fixture to its end. @returns its standard output, read as JSON */
export async function runFixture<T>(name: string, ...words: (string | number)[]): Promise<T> {
  const path = join(ROOT, "bench/fixtures", `${name}.ts`);
  const child = Bun.spawn([process.execPath, path, ...words.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${name} ${words.join(" ")} failed`);
  return JSON.parse(text) as T;
}
