/**
 * The shell: commands one after another. At a terminal it has a prompt and a help; from a pipe it reports only
 * failures, goes on after them, and ends with the exit code of the first.
 */
import type { Command } from "commander";
import { VERSION } from "../../version.ts";
import { createCommand, helpTo, isAnswer } from "../program/arguments.ts";
import { addCommands } from "../commands/commands.ts";
import { addFolders } from "../commands/folders.ts";
import { complete } from "./complete.ts";
import { type ClientFlags, Context, Shared } from "../program/context.ts";
import { EXIT, type UsageError } from "../program/exit-codes.ts";
import { Failures } from "../program/failures.ts";
import { type Lines, TerminalLines } from "./lines.ts";
import { Output } from "../terminal/output.ts";
import { PipedLines } from "./piped-lines.ts";
import { type Signal, onSignals, signalExit } from "../program/signals.ts";
import { commandNamed, namesOf, unknownCommand } from "../program/unknown-command.ts";
import { fit, printable } from "../terminal/terminal-text.ts";
import { typedNames } from "./typed-names.ts";
import { splitWords } from "./words.ts";

const LEAVING = ["quit", "exit", "bye"] as const;
const OWN_COMMANDS: readonly string[] = ["help", ...LEAVING];

const QUOTING = `
  Names with spaces are quoted as in other shells: "my file", 'my file', my\\ file.
  *, **, ?, [a-z] and {a,b} stand for what matches; ~ is the home folder, in local names.
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

const unknown = (program: Command, name: string): UsageError =>
  unknownCommand(program, name, "type help to see what there is", OWN_COMMANDS);

/** Columns of the usage of a command in the help. */
const USAGE_WIDTH = 22;

/** Columns of the current folder in the prompt. */
const MOST_OF_PROMPT = 40;

class Shell {
  readonly #flags: ClientFlags;
  readonly #interactive = process.stdin.isTTY && process.stderr.isTTY;
  readonly #output: Output;
  readonly #shared: Shared;
  readonly #lines: Lines;
  /** Aborted to end the command that runs. */
  #stop = new AbortController();
  #running = false;
  #ended = false;
  #endedBy: Signal | undefined;
  #exitCode: number = EXIT.done;

  constructor(flags: ClientFlags) {
    this.#flags = flags;
    this.#output = new Output(() => this.#end());
    this.#shared = new Shared(flags, this.#output, () => this.#onLost());
    this.#lines = this.#interactive
      ? new TerminalLines(
          () => this.#prompt(),
          (line) => this.#complete(line),
          () => this.#signal("SIGINT"),
        )
      : new PipedLines();
  }

  async run(): Promise<number> {
    const release = onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => this.#signal(signal));
    try {
      if (await this.#begin()) await this.#loop();
      await this.#output.finish();
    } catch (thrown) {
      this.#report(thrown);
    } finally {
      release();
      this.#lines[Symbol.dispose]();
      await this.#shared.connection.close();
      await this.#output.messagesWritten();
    }
    if (this.#endedBy !== undefined) return signalExit(this.#endedBy);
    return this.#output.readerLeft ? EXIT.readerLeft : this.#exitCode;
  }

  /** Connects at once: a server that cannot be reached is reported before any command is typed. */
  async #begin(): Promise<boolean> {
    try {
      const client = await this.#shared.connection.client(this.#stop.signal);
      if (!this.#interactive || this.#flags.quiet === true) return true;
      this.#output.say(`leat ${VERSION}, connected to ${client.server}\n${BANNER}`);
      return true;
    } catch (thrown) {
      if (!this.#ended) this.#report(thrown);
      return false;
    }
  }

  async #loop(): Promise<void> {
    while (!this.#ended) {
      const line = await this.#lines.next();
      if (line === undefined) {
        // After Ctrl-D the cursor is still behind the prompt.
        if (this.#interactive && !this.#ended) process.stderr.write("\n");
        return;
      }
      this.#stop = new AbortController();
      this.#running = true;
      const code = await this.#run(line);
      this.#running = false;
      // At a terminal, a person has seen the mistake: it does not change the exit code.
      if (!this.#interactive && this.#exitCode === EXIT.done) this.#exitCode = code;
    }
  }

  /** @returns the exit code of this line */
  async #run(line: string): Promise<number> {
    const failures = new Failures(this.#output, (command) => `type help ${command}`.trimEnd());
    const context = this.#createContext(failures);
    const program = await this.#createProgram(context);
    let command = "";
    try {
      const words = splitWords(line);
      command = words[0] ?? "";
      await this.#dispatch(program, command, typedNames(line, words));
    } catch (thrown) {
      const known = commandNamed(program, command);
      if (!isAnswer(thrown)) failures.report(known?.name() ?? "", thrown);
    }
    await this.#output.flush();
    // Without a signal it was aborted because the reader of stdout has left: that needs no word.
    const isInterrupted = this.#interactive || this.#endedBy !== undefined;
    if (this.#stop.signal.aborted && isInterrupted) this.#output.say(context.interrupted);
    return failures.exitCode;
  }

  async #dispatch(program: Command, command: string, words: readonly string[]): Promise<void> {
    if (command === "") return;
    if (LEAVING.some((word) => word === command)) {
      this.#ended = true;
      return;
    }
    if (command === "help" || command === "?") return this.#help(program, words[1]);
    if (commandNamed(program, command) === undefined) throw unknown(program, command);
    await program.parseAsync(words, { from: "user" });
  }

  #createContext(failures: Failures): Context {
    return new Context(this.#shared, failures, this.#stop.signal, { ask: this.#lines.ask });
  }

  async #createProgram(context: Context): Promise<Command> {
    const program = createCommand("leat")
      .configureOutput(helpTo(this.#output))
      .configureHelp({
        commandUsage: (command) => `${namesOf(command).join(", ")} ${command.usage()}`,
      });
    await addCommands(program, () => context);
    addFolders(program, () => context);
    return program;
  }

  async #help(program: Command, about: string | undefined): Promise<void> {
    if (about !== undefined && !OWN_COMMANDS.includes(about)) {
      const command = commandNamed(program, about);
      if (command === undefined) throw unknown(program, about);
      return command.outputHelp();
    }
    const lines = program.commands.map((command): [string, string] => {
      const usage = `${command.name()} ${command.usage().replace(/\[options\] ?/, "")}`;
      return [usage, command.description()];
    });
    lines.push(["help [COMMAND]", "this, or everything about one"]);
    lines.push(["quit", "leave; exit, bye and Ctrl-D do so, too"]);
    const columns = Math.max(40, (process.stdout.columns || 80) - USAGE_WIDTH - 4);
    for (const [usage, about] of lines) {
      const [first = "", ...more] = Bun.wrapAnsi(about, columns).split("\n");
      await this.#output.line(`  ${usage.padEnd(USAGE_WIDTH)} ${first}`);
      for (const line of more) await this.#output.line(`${" ".repeat(USAGE_WIDTH + 3)}${line}`);
    }
    await this.#output.text(QUOTING);
  }

  async #complete(line: string): Promise<[string[], string]> {
    const context = this.#createContext(new Failures(this.#output, () => ""));
    const program = await this.#createProgram(context);
    return complete(line, {
      commands: program.commands,
      more: OWN_COMMANDS,
      currentFolder: this.#shared.currentFolder,
      client: () => this.#shared.connection.client(this.#stop.signal),
    });
  }

  #prompt(): string {
    const { path } = this.#shared.currentFolder;
    return path === "" ? "leat> " : `leat ${fit(printable(path), MOST_OF_PROMPT)}> `;
  }

  /** Ctrl-C at a terminal ends the running command; other signals, and all where lines are piped, end the shell. */
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
    this.#ended = true;
    if (this.#running) this.#stop.abort();
    this.#lines.stop();
  }

  #onLost(): void {
    if (this.#ended || this.#flags.quiet === true) return;
    const text = `leat: the connection to ${this.#shared.connection.server} is lost; the next command connects again`;
    this.#lines.around(() => this.#output.say(text));
  }

  #report(error: unknown): void {
    const failures = new Failures(this.#output, () => "type help");
    failures.report("", error);
    if (this.#exitCode === EXIT.done) this.#exitCode = failures.exitCode;
  }
}
