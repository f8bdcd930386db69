/** What a command is run with. */
import type { Client } from "../../client/client.ts";
import { LeatError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import type { Failures } from "./failures.ts";
import type { Output } from "../terminal/output.ts";
import type { Planned } from "./paths.ts";
import type { Place } from "./place.ts";
import type { Progress } from "../terminal/progress.ts";

/** Before the command: how to reach the server, and what to say. */
export interface ClientFlags {
  readonly server: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly retry: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface ContextParts {
  readonly output: Output;
  readonly progress: Progress;
  readonly connection: Connection;
  /** Where names begin. */
  readonly place: Place;
  readonly failures: Failures;
  /** Aborted by Ctrl-C, and when nobody reads stdout any more. */
  readonly signal: AbortSignal;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Commands are read from standard input: it cannot be uploaded. */
  readonly inShell: boolean;
}

export class Context {
  readonly output: Output;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly quiet: boolean;
  /** Tell what was done: a person watches, or asked for it. */
  readonly chatty: boolean;
  readonly inShell: boolean;
  readonly connection: Connection;
  readonly place: Place;
  readonly #failures: Failures;
  /** How what was interrupted goes on, where it can. */
  #goesOn: string | undefined;

  constructor(parts: ContextParts) {
    this.output = parts.output;
    this.progress = parts.progress;
    this.signal = parts.signal;
    this.quiet = parts.quiet;
    this.chatty = !parts.quiet && (parts.verbose || parts.output.talkTerminal);
    this.inShell = parts.inShell;
    this.connection = parts.connection;
    this.place = parts.place;
    this.#failures = parts.failures;
  }

  client(): Promise<Client> {
    return this.connection.client(this.signal);
  }

  /** Reports a failure. After Ctrl-C everything fails, and nothing of it is news. */
  fail(command: string, error: unknown, subject?: string): void {
    if (!this.signal.aborted) this.#failures.report(command, error, subject);
  }

  /** Reports what cannot be done of a command's arguments. @returns whether something is left to do */
  refuse(command: string, { all, refused }: Planned<unknown>): boolean {
    for (const error of refused) this.fail(command, error);
    return all.length > 0;
  }

  /** The interrupted command can go on. @param how it does */
  kept(how = "the same command continues"): void {
    this.#goesOn = how;
  }

  /** What is said of Ctrl-C. */
  get interrupted(): string {
    return this.#goesOn === undefined ? "leat: interrupted" : `leat: interrupted; ${this.#goesOn}`;
  }

  /** Something a person may want to know; not for `--quiet`. */
  note(text: string): void {
    if (!this.quiet) this.output.say(text);
  }

  /** Runs a command; what it throws is reported. */
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

/** The next one would fail for the same reason. */
function isConnectionFailure(error: unknown): boolean {
  return error instanceof LeatError && ["UNAVAILABLE", "CONNECTION_LOST"].includes(error.code);
}
