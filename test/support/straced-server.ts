/** A server under strace: what it asks of the kernel is written down, or refused. */
import { descendants } from "./held.ts";
import { environment, SERVER_ALONE, Written } from "../cli/support.ts";
import { addressIn } from "./tls.ts";
import { flagsBeside } from "./ways.ts";

/** @returns why there is no strace that may look at a process of ours */
export function noStrace(): string | undefined {
  if (process.platform !== "linux" || Bun.which("strace") === null) return "there is no strace";
  const { exitCode } = Bun.spawnSync(["strace", "-f", "-e", "trace=fsync", "true"]);
  return exitCode === 0 ? undefined : "strace may not trace here";
}

export class StracedServer implements AsyncDisposable {
  readonly address: string;
  readonly #child: Bun.Subprocess;

  private constructor(child: Bun.Subprocess, address: string) {
    this.#child = child;
    this.address = address;
  }

  /** @param how arguments of strace @param flags more of the server's */
  static async start(
    library: string,
    how: readonly string[],
    ...flags: readonly string[]
  ): Promise<StracedServer> {
    const server = [...SERVER_ALONE, "server", library, "--port", "0", ...flags];
    server.push(...flagsBeside(flags));
    const child = Bun.spawn(
      ["strace", "-f", "--seccomp-bpf", ...how, "--", ...server, "--log-level", "error"],
      { env: environment(), stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    );
    const said = child.stderr.text();
    const ready = await new Written(child.stdout).until("\n").catch(async (cause: unknown) => {
      throw new Error(`no server: ${await said}`, { cause });
    });
    return new StracedServer(child, addressIn(ready));
  }

  /** @returns its exit code */
  async stop(): Promise<number> {
    await this[Symbol.asyncDispose]();
    return await this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    // strace hands the signal on, and ends with the server.
    const server = this.pid;
    if (server !== 0) process.kill(server, "SIGTERM");
    await this.#child.exited;
  }

  /** Of the server; 0 when it is gone. */
  get pid(): number {
    return descendants(this.#child.pid)[0] ?? 0;
  }
}
