/** Errors that strace puts in the place of a running process's system calls, for a while. */
import { readFileSync, rmSync } from "node:fs";

export interface Fault {
  readonly call: string;
  readonly errno: string;
  /** Of each thread: which of its calls fails; "1+" for all. */
  readonly when: string;
  /** Only calls that concern this file. */
  readonly path?: string | undefined;
}

export class Injection implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  readonly #output: string;

  private constructor(child: Bun.Subprocess, output: string) {
    this.#child = child;
    this.#output = output;
  }

  /**
   * Attaches to a process and all its threads.
   * @param output a path for what strace writes
   * @param faults none: what is called is only written down
   */
  static async into(
    pid: number,
    output: string,
    calls: readonly string[],
    faults: readonly Fault[],
  ): Promise<Injection> {
    // strace has one set of paths for all of a command: faults with and without one do not mix.
    const paths = faults.flatMap(({ path }) => (path === undefined ? [] : ["-P", path]));
    const inject = faults.flatMap(({ call, errno, when }) => [
      "-e",
      `inject=${call}:error=${errno === "EWOULDBLOCK" ? "EAGAIN" : errno}:when=${when}`,
    ]);
    const trace = ["-e", `trace=${calls.join(",")}`, ...inject, ...paths];
    const command = ["strace", "-f", "-y", "-s", "0", "-o", output, ...trace, "-p", `${pid}`];
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const text = await attached(child.stderr);
    if (text !== undefined) throw new Error(`strace does not attach: ${text}`);
    return new Injection(child, output);
  }

  /** Detaches. @returns the calls, a line each, as strace shows them */
  async end(): Promise<string[]> {
    this.#child.kill("SIGINT");
    await this.#child.exited;
    const lines = readFileSync(this.#output, "utf8").split("\n");
    rmSync(this.#output, { force: true });
    return lines.filter((line) => line !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) await this.end();
  }
}

/** @returns undefined once it is attached; else what strace says against it */
async function attached(stderr: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = stderr.getReader();
  while (true) {
    const { value, done } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if (/ attached/.test(text)) break;
  }
  // What it says of threads that come and go is read on, so that its pipe does not fill.
  void (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {});
  return undefined;
}
