/** `leat server`: serves a library until a signal stops it. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, CommanderError } from "commander";
import { LeatError } from "../../errors.ts";
import { openShared } from "../../net/handover.ts";
import { type Passed, takePassed } from "../../net/passed.ts";
import type { Address } from "../../net/transport.ts";
import type { Log } from "../../server/log/log.ts";
import type { Server } from "../../server/options/options.ts";
import { createServer } from "../../server/server.ts";
import { quote } from "../../store/names.ts";
import { VERSION } from "../../version.ts";
import { createCommand, isAnswer, usageMessage } from "../program/arguments.ts";
import { endWithParent } from "./end-with-parent.ts";
import { EXIT, UsageError, exitCodeOf } from "../program/exit-codes.ts";
import { checkConfigCommand, configCommand } from "./config.ts";
import { type ServerFlags, addFlags } from "./flags.ts";
import { initCommand } from "./init/command.ts";
import { addressesElsewhere } from "./listening.ts";
import { DEFAULT_LIBRARY, openLibrary } from "./library-folder.ts";
import { removeStaleSocket } from "./stale-socket.ts";
import { nearest } from "../program/nearest.ts";
import { readServerTls } from "../program/tls-files.ts";
import { openLogs, stopOnSignal } from "./running.ts";
import { type ServerSettings, readSettings } from "./settings.ts";
import { serveStdio } from "./stdio.ts";
import { userCommand } from "./users/command.ts";
import { renewalsOf } from "./renewals.ts";
import { reportTls } from "./tls.ts";
import { printable } from "../terminal/terminal-text.ts";

/** @returns the exit code */
export async function server(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (thrown) {
    if (isAnswer(thrown)) return EXIT.done;
    for (const line of explain(thrown).split("\n")) process.stderr.write(`leat server: ${line}\n`);
    return exitCodeOf(thrown);
  }
}

function createProgram() {
  const program = addFlags(createCommand("leat server"))
    .description("Serves a folder. Ctrl-C stops it when the transfers under way are done.")
    .argument("[LIBRARY]", `the folder to serve; ${DEFAULT_LIBRARY} is made if it is missing`)
    .version(`leat ${VERSION}`)
    .addHelpText(
      "after",
      "\nEvery flag can stand in the environment: --read-only as LEAT_READ_ONLY=1.",
    )
    .addCommand(initCommand())
    .addCommand(configCommand())
    .addCommand(checkConfigCommand())
    .addCommand(userCommand())
    .enablePositionalOptions()
    .helpCommand(false);
  return program.action(async (argument: string | undefined) => {
    if (argument !== undefined && !existsSync(argument)) {
      if (argument === "help") return program.outputHelp();
      checkIsNoCommand(program, argument);
    }
    const passed = takePassed(process.env);
    const { library, flags, isSet, readLevel } = await readSettings(program, argument, passed);
    if (flags.umask !== undefined) process.umask(flags.umask);
    if (flags.stdio === true) {
      await becomeUser(flags.runAs);
      // The log appears at the client, which reports what concerns it in words of its own.
      const stdioFlags = isSet("logLevel") ? flags : { ...flags, logLevel: "error" as const };
      return serveStdio(openLibrary(library), stdioFlags);
    }
    await serve(library, flags, passed, readLevel);
  });
}

/** A command that is mistyped would be taken for a folder. @throws UsageError */
function checkIsNoCommand(program: Command, name: string): void {
  const meant = nearest(
    name,
    program.commands.map((command) => command.name()),
  );
  if (meant === undefined) return;
  throw new UsageError(`there is no folder ${quote(name)}; did you mean leat server ${meant}?`);
}

async function serve(
  library: string | undefined,
  flags: ServerFlags,
  passed: Passed | undefined,
  readLevel: ServerSettings["readLevel"],
): Promise<void> {
  const { hostname, port, unix, ...options } = flags;
  const own = unix === undefined ? { hostname, port } : { unix };
  // The certificate, its key and the port may be for root alone; everything else is done as the user.
  const tls = readServerTls(flags);
  const given = passed ?? (await becomeUser(flags.runAs, own));
  const where = given === undefined ? own : { ...given.address, fd: given.fd };
  if (passed !== undefined) await becomeUser(flags.runAs);
  const folder = openLibrary(library);
  const logs = openLogs(flags);
  const { log } = logs;
  endWithParent();
  if (passed === undefined && unix !== undefined) await removeStaleSocket(unix);
  const serving = await createServer({ ...options, ...where, tls, library: folder, log });
  const { durability, readOnly = false } = options;
  log.info({ library: resolve(folder), durability, readOnly }, "serving");
  using _monitor = await startMonitoring(serving, folder, flags, log);
  if (tls !== undefined) reportTls(tls, flags, log);
  replaceOnSignal(serving, log);
  const renewals = [...logs.renewals, ...renewalsOf(serving, flags, log, readLevel)];
  const stopped = stopOnSignal(serving, log, renewals);
  process.stdout.write(`leat listening on ${serving.address}\n`);
  for (const server of addressesElsewhere(serving.address, where, tls !== undefined)) {
    log.info({}, `on another machine: leat client --server ${server}`);
  }
  await stopped;
  logs.flush();
}

/**
 * @param address to open first: a port below 1024 needs root
 * @returns the socket, if it was opened; without a user to become, the server opens it
 */
async function becomeUser(
  name: string | undefined,
  address?: Address,
): Promise<Passed | undefined> {
  if (name === undefined) return undefined;
  const { runAs } = await import("./run-as.ts");
  if (address === undefined || "unix" in address) return void runAs(name);
  const { port, fd } = openShared(address);
  runAs(name);
  return { fd, address: { ...address, port } };
}

/** Answers Prometheus and health checks, where that is asked for. */
async function startMonitoring(
  server: Server,
  library: string,
  { metrics }: ServerFlags,
  log: Log,
): Promise<Disposable | undefined> {
  if (metrics === undefined) return undefined;
  const { startMonitor } = await import("./monitor.ts");
  const monitor = startMonitor(metrics, { server, library });
  log.info({}, `metrics on http://${monitor.address}/metrics`);
  return monitor;
}

/** SIGUSR2: starts the next version of the program while the port stays open. */
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

function explain(thrown: unknown): string {
  if (thrown instanceof CommanderError)
    return `${usageMessage(thrown)}; --help tells what there is`;
  if (thrown instanceof UsageError) return thrown.message;
  const error = LeatError.from(thrown);
  return `${printable(error.message)} (${error.code})`;
}
