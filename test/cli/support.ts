/** leat as people run it: processes, sockets, pipes and terminals. */
import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";
import { noteServer } from "../support/tls.ts";
import { LATE } from "../support/until.ts";
import { flagsBeside } from "../support/ways.ts";

export const PACKAGE = resolve(import.meta.dir, "../..");
export const LAUNCHER = resolve(PACKAGE, "bin/leat");

/**
 * What tests start as `leat client` and `leat server`. `LEAT_TEST_CLIENT` and `LEAT_TEST_SERVER` name other executables:
 * one that scripts/run-tests.ts has built, which starts in a quarter of the time, or one of another version.
 */
export const CLIENT = process.env["LEAT_TEST_CLIENT"] ?? LAUNCHER;
export const SERVER = process.env["LEAT_TEST_SERVER"] ?? LAUNCHER;

/** The same where strace looks at the process from its start: without the shell of bin/leat. */
export const CLIENT_ALONE = alone(CLIENT);
export const SERVER_ALONE = alone(SERVER);

function alone(command: string): readonly string[] {
  return command === LAUNCHER ? [process.execPath, resolve(PACKAGE, "src/cli/main.ts")] : [command];
}

/** Shells at a terminal keep their history there, and not with whoever runs the tests. */
const state = new TemporaryFolder();
process.on("exit", () => state[Symbol.dispose]());

/** Without what `npm test` sets for npm, and without LEAT_…, which would be flags; but for those that say how bytes go. */
export function environment(
  more: Record<string, string | undefined> = {},
): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(LEAT_(?!(KERNEL_COPY|DIRECT_READS)$)|NO_COLOR$|npm_|INIT_CWD$)/.test(name),
  );
  return { ...Object.fromEntries(own), ...more };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array | undefined;
  readonly env?: Record<string, string>;
}

/** Runs a command to its end. */
export async function run(
  command: readonly string[],
  { stdin, env, cwd = PACKAGE }: RunOptions & { readonly cwd?: string } = {},
): Promise<Ran> {
  await using child = Bun.spawn([...command], {
    cwd,
    env: environment(env),
    stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** `leat client …`, in the folder of the package. */
export function client(
  server: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  return run([CLIENT, "client", "--server", server, ...args], options);
}

/** `leat client …` or `leat server …`, in a folder of one's own. */
export function leat(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run([args[0] === "server" ? SERVER : CLIENT, ...args], { ...options, cwd });
}

/** Text that a process writes bit by bit. */
export class Written {
  text = "";
  #ended = false;
  readonly #end = Promise.withResolvers<void>();
  #wake = Promise.withResolvers<void>();

  constructor(stream?: AsyncIterable<Uint8Array>) {
    if (stream !== undefined) void this.#read(stream);
  }

  add(text: string): void {
    this.text += text;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Resolves when nothing more comes. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  end(): void {
    this.#ended = true;
    this.#end.resolve();
    this.#wake.resolve();
  }

  /** Waits until it is there. @param after characters that do not count */
  async until(wanted: string | RegExp | ((text: string) => boolean), after = 0): Promise<string> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake.resolve();
    }, LATE);
    try {
      while (true) {
        const text = this.text.slice(after);
        if (has(text, wanted)) return text;
        if (this.#ended || late) {
          throw new Error(`${String(wanted)} never came; this did: ${JSON.stringify(this.text)}`);
        }
        await this.#wake.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #read(stream: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.add(decoder.decode(chunk, { stream: true }));
    this.end();
  }
}

function has(text: string, wanted: string | RegExp | ((text: string) => boolean)): boolean {
  if (typeof wanted === "string") return text.includes(wanted);
  return typeof wanted === "function" ? wanted(text) : wanted.test(text);
}

/** `leat server`, ready. Stopped at the end of its scope. */
export class RunningServer implements AsyncDisposable {
  readonly stdout: Written;
  readonly stderr: Written;
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** `HOST:PORT`, or `unix:PATH`. */
  address = "";

  private constructor(args: readonly string[], env: Record<string, string>) {
    this.child = Bun.spawn([SERVER, "server", ...args, ...flagsBeside(args)], {
      cwd: PACKAGE,
      env: environment(env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.stdout = new Written(this.child.stdout);
    this.stderr = new Written(this.child.stderr);
  }

  static async start(
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<RunningServer> {
    const server = new RunningServer(args, env);
    const says = ["--port", "--unix", "--config"].some((flag) => args.includes(flag));
    expect(says || "LEAT_PORT" in env).toBe(true);
    const ready = await server.stdout.until("\n");
    server.address = /^leat listening on (\S+)\n$/.exec(ready)?.[1] ?? "";
    expect(ready).toBe(`leat listening on ${server.address}\n`);
    noteServer(server.address);
    return server;
  }

  get port(): string {
    return this.address.slice(this.address.lastIndexOf(":") + 1);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.child.kill(signal);
    return await this.child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A library in a temporary folder, and a server for it. */
export class Served implements AsyncDisposable {
  readonly library: TemporaryFolder;
  readonly server: RunningServer;

  private constructor(library: TemporaryFolder, server: RunningServer) {
    this.library = library;
    this.server = server;
  }

  static async start(args: readonly string[] = []): Promise<Served> {
    const library = new TemporaryFolder();
    const server = await RunningServer.start([library.path, "--port", "0", ...args]);
    return new Served(library, server);
  }

  /** A folder of the library for one test. */
  corner(name: string) {
    const { library } = this;
    library.folder(name);
    return {
      file: (file: string, contents: string | Uint8Array) =>
        library.file(`${name}/${file}`, contents),
      has: (file: string) => existsSync(library.at(name, file)),
      text: (file: string) => readFileSync(library.at(name, file), "utf8"),
    };
  }

  /** `leat client …` with this server. */
  client(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return client(this.server.address, args, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.library[Symbol.dispose]();
  }
}

/** In a folder or not, and where the cursor is put behind it. */
const PROMPT = new RegExp(`leat(?: \\S+)?> ${"\u001b"}\\[\\d+G$`);

/** A process at a terminal of 80 columns. */
export class AtTerminal implements AsyncDisposable {
  readonly screen = new Written();
  readonly #child: Bun.Subprocess;

  constructor(command: readonly string[], options: { cwd: string; env?: Record<string, string> }) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn([...command], {
      cwd: options.cwd,
      env: environment({ TERM: "xterm", XDG_STATE_HOME: state.path, ...options.env }),
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, bytes) => this.screen.add(decoder.decode(bytes, { stream: true })),
      },
    });
  }

  /** Waits for the shell's next prompt. @returns what came before it */
  async prompt(after = 0): Promise<string> {
    return await this.screen.until((text) => PROMPT.test(text), after);
  }

  /** Types a line into the shell. @returns what came of it */
  async enter(line: string): Promise<string> {
    const after = this.screen.text.length;
    this.#child.terminal?.write(`${line}\r`);
    return await this.prompt(after);
  }

  /** Types, and waits for what should appear then. */
  async type(keys: string, wanted: string | RegExp): Promise<string> {
    const after = this.screen.text.length;
    this.#child.terminal?.write(keys);
    return await this.screen.until(wanted, after);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}

/** Done, with nothing said. */
export const quietly = (stdout = ""): Ran => ({ code: 0, stdout, stderr: "" });

/** One line that begins so: what every failure looks like. */
export function expectFailure(ran: Ran, code: number, line: string | RegExp): void {
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: "" });
  expect(ran.stderr).toMatch(/^leat[^\n]*\n$/);
  if (typeof line === "string") expect(ran.stderr).toBe(`${line}\n`);
  else expect(ran.stderr).toMatch(line);
}
