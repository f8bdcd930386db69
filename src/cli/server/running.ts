/** The parts of a running server that do not depend on the way it is reached: its log, and the signals that stop it. */
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
  stop(options?: StopOptions): Promise<void>;
  readonly connections?: number;
}

/** Resolves when the server has stopped. A second signal ends the process at once. */
export function stopOnSignal(serving: Stoppable, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal, isRepeated) => {
      if (isRepeated) process.exit(signalExit(signal));
      log.info({ signal, connections: serving.connections }, "stopping");
      serving.stop().then(resolve, reject);
    });
  });
}
