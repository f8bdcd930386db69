/** `leat client`: one command, or the shell. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_HOST, DEFAULT_PORT, parseAddress } from "../client/connection/address.ts";
import { LeatError } from "../errors.ts";
import { CONNECT_DEADLINE, SSH_DEADLINE } from "../limits.ts";
import { VERSION } from "../version.ts";
import { byteRate, createCommand, helpTo, isAnswer, seconds } from "./program/arguments.ts";
import { takeBookmark } from "./program/bookmarks.ts";
import { takeFarNames } from "./program/far-names.ts";
import { COMMAND_NAMES, addCommands } from "./commands/commands.ts";
import { type ClientFlags, Context, Shared } from "./program/context.ts";
import { EXIT } from "./program/exit-codes.ts";
import { Failures } from "./program/failures.ts";
import { splitWords } from "./shell/words.ts";
import { Output } from "./terminal/output.ts";
import { type Signal, onSignals, signalExit } from "./program/signals.ts";
import { commandNamed, unknownCommand } from "./program/unknown-command.ts";

/** @returns the exit code */
export async function client(args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const output = new Output(() => stop.abort());
  const failures = new Failures(output, (command) => {
    const of = command === "" ? "" : `${command} `;
    return `leat client ${of}--help tells more`;
  });
  let context: Context | undefined;
  let isShell = false;
  const program = createProgram(output, ([name, about]) => {
    if (name === undefined) isShell = true;
    else if (name === "help") return helpAbout(program, about);
    else throw unknownCommand(program, name, MORE_HELP, COMMAND_NAMES);
  });
  const contextOf = (): Context => {
    const shared = new Shared(program.opts<ClientFlags>(), output);
    context = new Context(shared, failures, stop.signal);
    return context;
  };
  let stoppedBy: Signal | undefined;
  const release = onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal, isRepeated) => {
    if (isRepeated) process.exit(signalExit(signal));
    stoppedBy = signal;
    stop.abort();
    output.abandon();
  });
  try {
    await addCommands(program, contextOf, args);
    await program.parseAsync(args, { from: "user" });
  } catch (thrown) {
    if (!isAnswer(thrown)) failures.report(commandAmong(program, args), thrown);
  }
  if (isShell) {
    release();
    return (await import("./shell/shell.ts")).runShell(program.opts<ClientFlags>());
  }
  await output.finish().catch((thrown: unknown) => failures.report("", thrown));
  await context?.connection.close();
  if (stoppedBy !== undefined) output.say(context?.interrupted ?? "leat: interrupted");
  await output.messagesWritten();
  if (stoppedBy !== undefined) return signalExit(stoppedBy);
  return output.readerLeft ? EXIT.readerLeft : failures.exitCode;
}

const MORE_HELP = "leat client --help tells what there is";

/** `help get` is `get --help`. */
function helpAbout(program: Command, about: string | undefined): void {
  if (about === undefined || about === "help") return program.outputHelp();
  const command = commandNamed(program, about);
  if (command === undefined) throw unknownCommand(program, about, MORE_HELP);
  command.outputHelp();
}

function createProgram(output: Output, onShell: (words: readonly string[]) => void): Command {
  const program = createCommand("leat client")
    .configureOutput(helpTo(output))
    .description("Asks a leat server. Without COMMAND, commands are typed one after another.")
    .usage("[options] [COMMAND]")
    .argument("[COMMAND...]")
    .addOption(
      new Option(
        "--server <ADDRESS>",
        "[tls://|tcp://]HOST[:PORT], unix:PATH, ssh://HOST/PATH, or a bookmark",
      )
        .default(`${DEFAULT_HOST}:${DEFAULT_PORT}`)
        .argParser(serverAddress),
    )
    .addOption(
      new Option(
        "--timeout <SECONDS>",
        `how long connecting may take (default: ${TIMEOUTS})`,
      ).argParser(seconds),
    )
    .addOption(
      new Option("--limit-rate <RATE>", "bytes a second at most, each way: 500K, 5M, 1G").argParser(
        byteRate,
      ),
    )
    .addOption(
      new Option("--ssh <COMMAND>", "the program for ssh://, with its arguments")
        .default(["ssh"], "ssh")
        .argParser(commandWords),
    )
    .addOption(
      new Option("--remote-leat <COMMAND>", "the program that ssh starts there").default("leat"),
    )
    .option("--token-file <FILE>", "a file with your token, which nobody else can read")
    .option("--user <NAME>", "log in with a password, which is asked for")
    .option("--ca <FILE>", "trust servers with a certificate of these authorities (PEM)")
    .option("--pin <FINGERPRINT>", "trust the server with this certificate: sha256:…")
    .option("--insecure", "trust every server: others can read and change everything")
    .option(
      "--tls-cert <FILE>",
      "the client's own certificate, where the server asks for one (PEM)",
    )
    .option("--tls-key <FILE>", "the key of the certificate (PEM)")
    .option("--no-retry", "fail at once when the connection is lost, or the server has no room")
    .option("-q, --quiet", "say nothing but what went wrong")
    .option("-v, --verbose", "say what was done, even without a terminal")
    .version(`leat ${VERSION}`)
    .addHelpText("after", "\nEvery flag can stand in the environment: --server as LEAT_SERVER.");
  return program.hook("preAction", takeBookmark).hook("preAction", takeFarNames).action(onShell);
}

const TIMEOUTS = `${CONNECT_DEADLINE / 1000}, and ${SSH_DEADLINE / 1000} by ssh`;

/** For `argParser`: the words of a command, quoted as for a shell. */
function commandWords(text: string): readonly string[] {
  const words = splitWords(text);
  if (words.length > 0) return words;
  throw new InvalidArgumentError("It is empty: it should be a program, like ssh.");
}

/** For `argParser`: a wrong address is reported before any command connects. */
function serverAddress(text: string): string {
  try {
    parseAddress(text);
    return text;
  } catch (thrown) {
    const error = LeatError.from(thrown);
    if (error.code !== "INVALID_ARGUMENT") throw error;
    throw new InvalidArgumentError(error.message);
  }
}

/** The command whose arguments are wrong; "" where none was named. */
function commandAmong(program: Command, args: readonly string[]): string {
  const command = args.map((arg) => commandNamed(program, arg)).find((named) => named);
  return command?.name() ?? "";
}
