/** The environment that a command runs in. */
import type { Client } from "../../client/client.ts";
import type { RequestInit } from "../../client/connection/link.ts";
import { LeatError } from "../../errors.ts";
import { Connection, isConnecting } from "./connection.ts";
import { findCredentials } from "./credentials.ts";
import type { ClientTlsFlags } from "./tls-files.ts";
import { CurrentFolder } from "./current-folder.ts";
import type { Failures } from "./failures.ts";
import type { Output } from "../terminal/output.ts";
import type { Planned } from "./paths.ts";
import { printable } from "../terminal/terminal-text.ts";
import { type Ask, askAtTerminal } from "../terminal/question.ts";
import { Progress } from "../terminal/progress.ts";

/** Flags before the command: how to reach the server, and how much to print. */
export interface ClientFlags extends ClientTlsFlags {
  readonly server: string;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Bytes a second. */
  readonly limitRate?: number;
  readonly retry: boolean;
  /** The words of the program for `ssh://`. */
  readonly ssh: readonly string[];
  readonly remoteLeat: string;
  readonly tokenFile?: string;
  readonly user?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** All commands of a process share these. */
export class Shared {
  readonly flags: ClientFlags;
  readonly output: Output;
  readonly connection: Connection;
  readonly progress: Progress;
  readonly currentFolder = new CurrentFolder();

  /** @param onLost called when the connection is lost while no command uses it */
  constructor(flags: ClientFlags, output: Output, onLost?: () => void) {
    const quiet = flags.quiet === true;
    this.flags = flags;
    this.output = output;
    const onRetry = (line: string): void => {
      if (!quiet) output.say(`leat: ${line}`);
    };
    const onLine = (line: string): Promise<void> => {
      output.say(`${hostOf(flags.server)}: ${printable(line)}`);
      return output.messagesWritten();
    };
    if (flags.insecure === true) output.say(INSECURE);
    const credentials = (signal: AbortSignal) => findCredentials(flags, signal);
    this.connection = new Connection({ ...flags, credentials, onRetry, onLine }, onLost);
    const inLog = flags.verbose === true ? "lines" : "nothing";
    const showing = quiet ? "nothing" : output.stderrIsTerminal ? "bars" : inLog;
    this.progress = new Progress(output, showing, () => this.connection.stall);
  }
}

const INSECURE =
  "leat: WARNING: --insecure: the server's certificate is not checked; whoever is on the way to it can read and change everything";

/** Of an address that begins with `ssh://`. */
const hostOf = (server: string): string =>
  /^ssh:\/\/(?:[^@/]*@)?([^/]*)/.exec(server)?.[1] ?? server;

export class Context {
  readonly output: Output;
  readonly progress: Progress;
  readonly connection: Connection;
  readonly currentFolder: CurrentFolder;
  readonly quiet: boolean;
  /** Print what was done: a person watches, or asked for it. */
  readonly chatty: boolean;
  /** Aborted by Ctrl-C, and when nothing reads stdout any more. */
  readonly signal: AbortSignal;
  /** Commands are read from standard input: it cannot be uploaded. */
  readonly inShell: boolean;
  readonly #failures: Failures;
  readonly #ask: () => Ask | undefined;
  /** How the interrupted command can be continued. */
  #continuation: string | undefined;

  /** @param shell of a shell: how it asks, if somebody types into it */
  constructor(
    shared: Shared,
    failures: Failures,
    signal: AbortSignal,
    shell?: { readonly ask: Ask | undefined },
  ) {
    const { flags, output, progress, connection, currentFolder } = shared;
    this.output = output;
    this.progress = progress;
    this.connection = connection;
    this.currentFolder = currentFolder;
    this.quiet = flags.quiet === true;
    this.chatty = !this.quiet && (flags.verbose === true || output.stderrIsTerminal);
    this.signal = signal;
    this.inShell = shell !== undefined;
    this.#ask = () => (shell === undefined ? terminalOf(output, signal) : shell.ask);
    this.#failures = failures;
  }

  /** Asks the person who types; undefined where commands come from a pipe. */
  get ask(): Ask | undefined {
    return this.#ask();
  }

  /** @param ahead as `Connection.client` */
  client(ahead?: RequestInit): Promise<Client> {
    return this.connection.client(this.signal, ahead);
  }

  /** Reports a failure, but for those after Ctrl-C: everything fails then. */
  fail(command: string, error: unknown, subject?: string): void {
    if (!this.signal.aborted) this.#failures.report(command, error, subject);
  }

  /** Reports the arguments that cannot be moved. @returns whether others are left */
  refuse(command: string, { all, refused }: Planned<unknown>): boolean {
    for (const error of refused) this.fail(command, error);
    return all.length > 0;
  }

  /** Notes that the interrupted command can be continued, and how. */
  kept(how = "the same command continues"): void {
    this.#continuation = how;
  }

  /** The line that is printed after Ctrl-C. */
  get interrupted(): string {
    return ["leat: interrupted", this.#continuation].filter(Boolean).join("; ");
  }

  /** Prints something a person may want to know; not with `--quiet`. */
  note(text: string): void {
    if (!this.quiet) this.output.say(text);
  }

  /** Runs a command and reports what it throws. */
  async run(command: string, step: (context: Context) => Promise<void>): Promise<void> {
    try {
      await step(this);
      await this.output.flush();
    } catch (thrown) {
      this.fail(command, thrown);
    }
  }

  /** Runs a command for each of its arguments: one that fails does not stop the others. */
  async each(
    command: string,
    subjects: readonly string[],
    step: (context: Context, subject: string) => Promise<void>,
  ): Promise<void> {
    for (const subject of subjects) {
      if (this.signal.aborted) return;
      try {
        await step(this, subject);
      } catch (thrown) {
        // The lines of the ones before come first.
        await this.run(command, async () => {});
        this.fail(command, thrown, subject);
        if (isConnectionFailure(thrown)) return;
      }
    }
    await this.run(command, async () => {});
  }
}

/** Only commands that ask look at `process.stdin`: the runtime takes 2 ms to make it. */
function terminalOf({ stderrIsTerminal }: Output, signal: AbortSignal): Ask | undefined {
  if (!stderrIsTerminal || !process.stdin.isTTY) return undefined;
  return (question) => askAtTerminal(question, signal);
}

/** The next argument would fail for the same reason. */
export function isConnectionFailure(error: unknown): boolean {
  if (isConnecting(error)) return true;
  return error instanceof LeatError && ["UNAVAILABLE", "CONNECTION_LOST"].includes(error.code);
}
