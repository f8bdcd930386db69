/**
 * The shell: commands one after another, typed or piped. At a terminal it guides; from a pipe it says
 * nothing but what went wrong, goes on after a failure, and ends with the code of the first.
 */
import type { Command } from "commander";
import { VERSION } from "../../version.ts";
import { createCommand, helpTo, isAnswer } from "../program/arguments.ts";
import { addCommands } from "../commands/commands.ts";
import { addPlaces } from "../commands/places.ts";
import { complete } from "./complete.ts";
import { Connection } from "../program/connection.ts";
import { type ClientFlags, Context } from "../program/context.ts";
import { EXIT } from "../program/exit-codes.ts";
import { Failures } from "../program/failures.ts";
import { type Lines, TerminalLines } from "./lines.ts";
import { Output } from "../terminal/output.ts";
import { PipedLines } from "./piped-lines.ts";
import { Place } from "../program/place.ts";
import { Progress } from "../terminal/progress.ts";
import { type Signal, onSignals, signalExit } from "../program/signals.ts";
import { namesOf, unknownCommand } from "../program/unknown-command.ts";
import { fit, printable } from "../terminal/terminal-text.ts";
import { typedNames } from "./typed-names.ts";
import { splitWords } from "./words.ts";

const LEAVING = ["quit", "exit", "bye"] as const;
const OWN_COMMANDS: readonly string[] = ["help", ...LEAVING];

const QUOTING = `
  Names with spaces are quoted as in other shells: "my file", 'my file', my\\ file.
  * and ? stand for what matches; ~ is the home folder of a name here.
  A line that begins with # is a remark.
`;

const BANNER = `
  list [PATH]      what is in the library
  get FILE...      fetch files
  upload FILE...   send files
  help             everything that can be typed
  quit             leave
`;

/** @returns the exit code */
export async function runShell(flags: ClientFlags): Promise<number> {
  return await new Shell(flags).run();
}

/** Columns of a folder's name in the prompt. */
const MOST_OF_PROMPT = 40;

class Shell {
  readonly #flags: ClientFlags;
  readonly #interactive = process.stdin.isTTY && process.stderr.isTTY;
  readonly #output: Output;
  readonly #progress: Progress;
  readonly #connection: Connection;
  readonly #lines: Lines;
  readonly #place = new Place();
  /** Gives up the command that runs. */
  #stop = new AbortController();
  #running = false;
  #over = false;
  #endedBy: Signal | undefined;
  #exitCode: number = EXIT.done;

  constructor(flags: ClientFlags) {
    this.#flags = flags;
    this.#output = new Output(() => this.#end());
    const onRetry = (line: string): void => {
      if (flags.quiet !== true) this.#output.say(`leat: ${line}`);
    };
    this.#connection = new Connection({ ...flags, onRetry }, () => this.#lost());
    const stall = (): string | undefined => this.#connection.stall;
    this.#progress = new Progress(this.#output, flags.quiet !== true, stall);
    this.#lines = this.#interactive
      ? new TerminalLines(
          () => this.#prompt(),
          (line) => this.#complete(line),
        )
      : new PipedLines();
  }

  async run(): Promise<number> {
    const release = onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => this.#signal(signal));
    try {
      if (await this.#begin()) await this.#loop();
      await this.#output.finish();
    } catch (thrown) {
      this.#note("", thrown);
    } finally {
      release();
      this.#lines[Symbol.dispose]();
      await this.#connection.close();
      await this.#output.talked();
    }
    if (this.#endedBy !== undefined) return signalExit(this.#endedBy);
    return this.#output.readerLeft ? EXIT.readerLeft : this.#exitCode;
  }

  /** Connects at once: nobody types commands for a server that is not there. */
  async #begin(): Promise<boolean> {
    try {
      const client = await this.#connection.client(this.#stop.signal);
      if (!this.#interactive || this.#flags.quiet === true) return true;
      this.#output.say(`leat ${VERSION}, connected to ${client.server}\n${BANNER}`);
      return true;
    } catch (thrown) {
      if (!this.#over) this.#note("", thrown);
      return false;
    }
  }

  async #loop(): Promise<void> {
    while (!this.#over) {
      const line = await this.#lines.next();
      if (line === undefined) {
        // Ctrl-D leaves the cursor behind the prompt.
        if (this.#interactive && !this.#over) process.stderr.write("\n");
        return;
      }
      this.#stop = new AbortController();
      this.#running = true;
      const code = await this.#run(line);
      this.#running = false;
      // At a terminal, a mistake was seen and is forgotten.
      if (!this.#interactive && this.#exitCode === EXIT.done) this.#exitCode = code;
    }
  }

  /** @returns the exit code of this line */
  async #run(line: string): Promise<number> {
    const failures = new Failures(this.#output, (command) => `type help ${command}`.trimEnd());
    const context = this.#createContext(failures);
    const program = this.#createProgram(context);
    let command = "";
    try {
      const words = splitWords(line);
      command = words[0] ?? "";
      await this.#dispatch(program, command, await typedNames(line, words, context));
    } catch (thrown) {
      const known = program.commands.find((each) => namesOf(each).includes(command));
      if (!isAnswer(thrown)) failures.report(known?.name() ?? "", thrown);
    }
    await this.#output.flush();
    // At a terminal by Ctrl-C; else by what ends the shell.
    const isTold = this.#interactive || this.#endedBy !== undefined;
    if (this.#stop.signal.aborted && isTold) this.#output.say(context.interrupted);
    return failures.exitCode;
  }

  async #dispatch(program: Command, command: string, words: readonly string[]): Promise<void> {
    if (command === "") return;
    if (LEAVING.some((word) => word === command)) {
      this.#over = true;
      return;
    }
    if (command === "help" || command === "?") return this.#help(program, words[1]);
    if (!program.commands.some((each) => namesOf(each).includes(command))) {
      throw unknownCommand(program, command, "type help to see what there is", OWN_COMMANDS);
    }
    await program.parseAsync(words, { from: "user" });
  }

  #createContext(failures: Failures): Context {
    return new Context({
      output: this.#output,
      progress: this.#progress,
      connection: this.#connection,
      failures,
      signal: this.#stop.signal,
      quiet: this.#flags.quiet === true,
      verbose: this.#flags.verbose === true,
      inShell: true,
      place: this.#place,
    });
  }

  #createProgram(context: Context): Command {
    const program = createCommand("leat")
      .configureOutput(helpTo(this.#output))
      .configureHelp({
        commandUsage: (command) => `${namesOf(command).join(", ")} ${command.usage()}`,
      });
    addCommands(program, () => context);
    addPlaces(program, () => context);
    return program;
  }

  async #help(program: Command, about: string | undefined): Promise<void> {
    if (about !== undefined && !OWN_COMMANDS.includes(about)) {
      const command = program.commands.find((each) => namesOf(each).includes(about));
      if (command === undefined) {
        throw unknownCommand(program, about, "type help to see what there is", OWN_COMMANDS);
      }
      return command.outputHelp();
    }
    for (const command of program.commands) {
      const usage = `${command.name()} ${command.usage().replace(/\[options\] ?/, "")}`;
      await this.#output.line(`  ${usage.padEnd(22)} ${command.description()}`);
    }
    await this.#output.line(`  ${"help [COMMAND]".padEnd(22)} this, or everything about one`);
    await this.#output.line(`  ${"quit".padEnd(22)} leave; exit, bye and Ctrl-D do so, too`);
    await this.#output.text(QUOTING);
  }

  #complete(line: string): Promise<[string[], string]> {
    const context = this.#createContext(new Failures(this.#output, () => ""));
    const program = this.#createProgram(context);
    return complete(line, {
      commands: program.commands,
      more: OWN_COMMANDS,
      place: this.#place,
      client: () => this.#connection.client(this.#stop.signal),
    });
  }

  #prompt(): string {
    const { folder } = this.#place;
    return folder === "" ? "leat> " : `leat ${fit(printable(folder), MOST_OF_PROMPT)}> `;
  }

  /** Ctrl-C gives up what runs; the other signals, and any from a pipe, end the shell. */
  #signal(signal: Signal): void {
    if (this.#interactive && signal === "SIGINT") {
      if (this.#stop.signal.aborted && this.#running) process.exit(signalExit(signal));
      this.#stop.abort();
      return;
    }
    if (this.#endedBy !== undefined) process.exit(signalExit(signal));
    this.#endedBy = signal;
    this.#end();
    this.#output.abandon();
  }

  #end(): void {
    this.#over = true;
    if (this.#running) this.#stop.abort();
    this.#lines.stop();
  }

  #lost(): void {
    if (this.#over || this.#flags.quiet === true) return;
    const text = `leat: the connection to ${this.#connection.server} is lost; the next command connects again`;
    this.#lines.around(() => this.#output.say(text));
  }

  #note(command: string, error: unknown): void {
    const failures = new Failures(this.#output, () => "type help");
    failures.report(command, error);
    if (this.#exitCode === EXIT.done) this.#exitCode = failures.exitCode;
  }
}
