/** The parts of a running server that do not depend on the way it is reached: its log, and the signals that stop it. */
import { isatty } from "node:tty";
import { LeatError } from "../../errors.ts";
import type { Log } from "../../server/log/log.ts";
import type { StopOptions } from "../../server/options/options.ts";
import { type Signal, onSignals, signalExit } from "../program/signals.ts";
import { AuditFile } from "./audit-file.ts";
import type { ServerFlags } from "./flags.ts";
import { StreamLog } from "./log.ts";

/** Where a server writes what happens. */
export interface Logs {
  readonly log: StreamLog;
  /** What SIGHUP renews of them. */
  readonly renewals: readonly Renewal[];
  /** Writes the lines that are still gathered: before the end. */
  flush(): void;
}

/** @throws LeatError: the audit log cannot be opened */
export function openLogs(flags: ServerFlags): Logs {
  const { auditLog } = flags;
  if (auditLog === undefined) {
    const log = createStderrLog(flags);
    return { log, renewals: [], flush: () => log.flush() };
  }
  const audit = new AuditFile(auditLog, ({ code, message }) => log.error({ code }, message));
  const log = createStderrLog(flags, audit);
  process.on("exit", () => audit.flush());
  return {
    log,
    renewals: [{ what: "the audit log", renew: () => audit.reopen() }],
    flush() {
      audit.flush();
      log.flush();
    },
  };
}

function createStderrLog(flags: ServerFlags, audit?: AuditFile): StreamLog {
  // A reader that leaves does not stop the server.
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {});
  const terminal = process.stderr.isTTY;
  const log = new StreamLog({
    level: flags.logLevel,
    format: flags.logFormat,
    terminal,
    colour: terminal && !process.env.NO_COLOR,
    stream: process.stderr,
    audit,
  });
  process.on("exit", () => log.flush());
  return log;
}

/** What a signal stops. */
interface Stoppable {
  stop(options?: StopOptions): Promise<void>;
  readonly connections?: number;
}

/** Something that SIGHUP renews. */
export interface Renewal {
  /** For the log: `the users`. */
  readonly what: string;
  /** If it throws, it stays as it was. @returns what was renewed, if that is not `what` */
  renew(): Promise<string | void> | void;
}

/**
 * Resolves when the server has stopped. A second signal ends the process at once.
 * @param renewals what SIGHUP renews; if there is nothing, it stops the server
 */
export function stopOnSignal(
  serving: Stoppable,
  log: Log,
  renewals: readonly Renewal[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onStop = (signal: Signal, isRepeated: boolean): void => {
      if (isRepeated) process.exit(signalExit(signal));
      log.info({ signal, connections: serving.connections }, "stopping");
      serving.stop().then(resolve, reject);
    };
    const renews = renewals.length > 0;
    onSignals(renews ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"], onStop);
    if (!renews) return;
    process.on("SIGHUP", () => {
      if (isTerminalGone()) onStop("SIGHUP", false);
      else void renewAll(renewals, log);
    });
  });
}

async function renewAll(renewals: readonly Renewal[], log: Log): Promise<void> {
  for (const { what, renew } of renewals) {
    try {
      const renewed = await renew();
      log.info({ signal: "SIGHUP" }, `${renewed ?? what}: renewed`);
    } catch (thrown) {
      const { code, message } = LeatError.from(thrown, `${what} cannot be renewed`);
      log.error({ signal: "SIGHUP", code, why: message }, `${what}: as before`);
    }
  }
}

const STREAMS = [0, 1, 2];

/** Streams that were a terminal when the server began. */
const terminals = STREAMS.filter((fd) => isatty(fd));

/** The terminal at which the server was started is closed: SIGHUP is then the end, as for every program. */
function isTerminalGone(): boolean {
  return terminals.length > 0 && !terminals.some((fd) => isatty(fd));
}
