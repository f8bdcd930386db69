/** `leat server`: serves a library until it is told to stop. */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { CommanderError, Option } from "commander";
import { DEFAULT_HOST, DEFAULT_PORT } from "../../client/connection/address.ts";
import { LeatError } from "../../errors.ts";
import { DRAIN_DEADLINE, MAX_CONNECTIONS, MAX_WORKERS, PARTIAL_RETENTION } from "../../limits.ts";
import { type Passed, takePassed } from "../../net/passed.ts";
import { KERNEL_COPIES, type KernelCopyMode } from "../../server/kernel-copy.ts";
import type { Log } from "../../server/log.ts";
import { MODELS, type Model } from "../../server/models/model.ts";
import { type Server, createServer } from "../../server/server.ts";
import type { DurabilityLevel } from "../../store/store.ts";
import { VERSION } from "../../version.ts";
import {
  createCommand,
  isAnswer,
  secondsOrNone,
  usageMessage,
  wholeNumber,
} from "../program/arguments.ts";
import { endWithParent } from "./end-with-parent.ts";
import { EXIT, UsageError, exitCodeOf } from "../program/exit-codes.ts";
import {
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  type WrittenLog,
  createLog,
} from "./log.ts";
import { addressesElsewhere, checkAddress, checkPassed, readHost } from "./listening.ts";
import { onSignals, signalExit } from "../program/signals.ts";
import { DEFAULT_LIBRARY, openLibrary } from "./library-folder.ts";
import { removeStaleSocket } from "./stale-socket.ts";
import { printable } from "../terminal/terminal-text.ts";

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly unix?: string;
  readonly readOnly?: boolean;
  readonly durability: DurabilityLevel;
  readonly maxConnections: number;
  readonly model: Model;
  readonly workers: number;
  /** Milliseconds. */
  readonly drain: number;
  /** Milliseconds. */
  readonly partialRetention: number;
  readonly kernelCopy: KernelCopyMode;
  readonly allowAnonymous?: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** @returns the exit code */
export async function server(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (thrown) {
    if (isAnswer(thrown)) return EXIT.done;
    process.stderr.write(`leat server: ${explain(thrown)}\n`);
    return exitCodeOf(thrown);
  }
}

function createProgram() {
  const program = createCommand("leat server")
    .description("Serves a folder. Ctrl-C stops it when the transfers under way are done.")
    .argument("[LIBRARY]", `the folder to serve; ${DEFAULT_LIBRARY} is made if it is missing`)
    .addOption(
      new Option("--host <HOST>", "address to listen on").default(DEFAULT_HOST).argParser(readHost),
    )
    .addOption(
      new Option("--port <PORT>", "0 picks a free one")
        .default(DEFAULT_PORT)
        .argParser(wholeNumber(0, 65535)),
    )
    .option("--unix <PATH>", "listen on a Unix socket instead")
    .option("--read-only", "refuse every change")
    .addOption(
      new Option("--durability <LEVEL>", "fsync: a file counts as received once it is on disk")
        .choices(["fsync", "none"])
        .default("fsync"),
    )
    .addOption(
      new Option("--max-connections <N>", "connections at once; more are told to try again later")
        .default(MAX_CONNECTIONS)
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option("--model <MODEL>", "how clients are served").choices(MODELS).default("event-loop"),
    )
    .addOption(
      new Option("--workers <N>", "processes for --model event-loop; auto: one for each core")
        .default(1)
        .argParser(workerCount),
    )
    .addOption(
      new Option("--drain <SECONDS>", "how long transfers may go on when it stops")
        .default(DRAIN_DEADLINE, `${DRAIN_DEADLINE / 1000}`)
        .argParser(secondsOrNone),
    )
    .addOption(
      new Option(
        "--partial-retention <SECONDS>",
        "how long an unfinished upload is kept for a next try",
      )
        .default(PARTIAL_RETENTION, `${PARTIAL_RETENTION / 1000}`)
        .argParser((text: string) => wholeNumber(1, 2_000_000)(text) * 1000),
    )
    .addOption(
      new Option("--kernel-copy <WHEN>", "let the kernel move files to sockets (Linux)")
        .choices(KERNEL_COPIES)
        .default("auto"),
    )
    .option("--allow-anonymous", "serve strangers: needed to listen beyond this machine")
    .addOption(
      new Option("--log-level <LEVEL>", "the least that is worth a line")
        .choices(LOG_LEVELS)
        .default("info"),
    )
    .addOption(
      new Option("--log-format <FORMAT>", "lines for people, or JSON")
        .choices(LOG_FORMATS)
        .default("pretty"),
    )
    .version(`leat ${VERSION}`)
    .addHelpText(
      "after",
      "\nEvery flag can stand in the environment: --read-only as LEAT_READ_ONLY=1.",
    );
  return program.action(async (library: string | undefined) => {
    const flags = program.opts<Flags>();
    const typed = (flag: string): boolean => program.getOptionValueSource(flag) === "cli";
    checkWorkers(flags);
    const passed = takePassed(process.env);
    if (passed === undefined) checkAddress(flags, typed);
    else checkPassed(passed.address, flags, typed);
    await serve(library, flags, passed);
  });
}

function workerCount(text: string): number {
  if (text === "auto") return Math.min(availableParallelism(), MAX_WORKERS);
  return wholeNumber(1, MAX_WORKERS)(text);
}

function checkWorkers({ model, workers, maxConnections }: Flags): void {
  if (workers > 1 && model !== "event-loop") {
    throw new UsageError(`--workers run the event loop each: --model ${model} has none`);
  }
  if (workers > maxConnections) {
    throw new UsageError(
      `--workers ${workers} with --max-connections ${maxConnections}: some would serve nobody`,
    );
  }
}

async function serve(
  library: string | undefined,
  flags: Flags,
  passed: Passed | undefined,
): Promise<void> {
  const folder = openLibrary(library);
  const {
    host: hostname,
    port,
    unix,
    durability,
    maxConnections,
    model,
    workers,
    drain,
    partialRetention,
    kernelCopy,
  } = flags;
  const own = unix === undefined ? { hostname, port } : { unix };
  const where = passed === undefined ? own : { ...passed.address, fd: passed.fd };
  const readOnly = flags.readOnly === true;
  const log = createStderrLog(flags);
  endWithParent();
  if (passed === undefined && unix !== undefined) await removeStaleSocket(unix);
  const serving = await createServer({
    library: folder,
    ...where,
    readOnly,
    durability,
    maxConnections,
    model,
    workers,
    drain,
    partialRetention,
    kernelCopy,
    log,
  });
  log.info({ library: resolve(folder), durability, readOnly }, "serving");
  replaceOnSignal(serving, log);
  const stopped = stopOnSignal(serving, log);
  process.stdout.write(`leat listening on ${serving.address}\n`);
  for (const server of addressesElsewhere(serving.address, where)) {
    log.info({}, `on another machine: leat client --server ${server}`);
  }
  await stopped;
  log.flush();
}

function createStderrLog(flags: Flags): WrittenLog {
  // Nobody reads it any more: that does not stop a server.
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {});
  const terminal = process.stderr.isTTY;
  const log = createLog({
    level: flags.logLevel,
    format: flags.logFormat,
    terminal,
    colour: terminal && !process.env.NO_COLOR,
    stream: process.stderr,
  });
  process.on("exit", () => log.flush());
  return log;
}

/** SIGUSR2: for the next version of the program, without a moment in which nobody accepts. */
function replaceOnSignal(serving: Server, log: Log): void {
  process.on("SIGUSR2", () => {
    serving.replaceWorkers().then(
      (replaced) => {
        if (replaced > 0) log.info({ replaced }, "all workers are replaced");
        else log.warn({ signal: "SIGUSR2" }, "there are no workers to replace: see --workers");
      },
      (err: unknown) => log.error({ err }, "the workers are not replaced"),
    );
  });
}

/** Resolves when the server has stopped. A second signal does not wait for it. */
function stopOnSignal(serving: Server, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal, again) => {
      if (again) process.exit(signalExit(signal));
      log.info({ signal, connections: serving.connections }, "stopping");
      serving.stop().then(resolve, reject);
    });
  });
}

function explain(thrown: unknown): string {
  if (thrown instanceof CommanderError)
    return `${usageMessage(thrown)}; --help tells what there is`;
  if (thrown instanceof UsageError) return thrown.message;
  const error = LeatError.from(thrown);
  return `${printable(error.message)} (${error.code})`;
}
