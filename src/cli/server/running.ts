/** The parts of a running server that do not depend on the way it is reached: its log, and the signals that stop it. */
import { LeatError } from "../../errors.ts";
import type { Log } from "../../server/log/log.ts";
import type { StopOptions } from "../../server/options/options.ts";
import { onSignals, signalExit } from "../program/signals.ts";
import type { ServerFlags } from "./flags.ts";
import { StreamLog } from "./log.ts";

export function createStderrLog(flags: ServerFlags): StreamLog {
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
  });
  process.on("exit", () => log.flush());
  return log;
}

/** What a signal stops. */
interface Stoppable {
  reload(): Promise<void>;
  stop(options?: StopOptions): Promise<void>;
  readonly connections?: number;
}

/**
 * Resolves when the server has stopped. A second signal ends the process at once.
 * @param reloads whether there is something to read again: SIGHUP does that, and does not stop it
 */
export function stopOnSignal(serving: Stoppable, log: Log, reloads: boolean): Promise<void> {
  if (reloads) process.on("SIGHUP", () => void reload(serving, log));
  return new Promise((resolve, reject) => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    onSignals(reloads ? signals : [...signals, "SIGHUP"], (signal, isRepeated) => {
      if (isRepeated) process.exit(signalExit(signal));
      log.info({ signal, connections: serving.connections }, "stopping");
      serving.stop().then(resolve, reject);
    });
  });
}

async function reload(serving: Stoppable, log: Log): Promise<void> {
  try {
    await serving.reload();
    log.info({ signal: "SIGHUP" }, "the users were read again");
  } catch (thrown) {
    const { code, message } = LeatError.from(thrown, "the users cannot be read");
    log.error({ signal: "SIGHUP", code, why: message }, "the users stay as they were");
  }
}
