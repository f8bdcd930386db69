/** The users, the certificate and the log level of a running server: SIGHUP has them read again, all of them or none. */
import type { Changed } from "../../server/options/options.ts";
import { readServerTls } from "../program/tls-files.ts";
import type { ServerFlags } from "./flags.ts";
import type { LogLevel, StreamLog } from "./log.ts";
import type { Renewal } from "./running.ts";
import { reportTls } from "./tls.ts";

/** @param readLevel reads the log level of the configuration file, if it counts */
export function renewalsOf(
  serving: { reload(changed?: Changed): Promise<void> },
  flags: ServerFlags,
  log: StreamLog,
  readLevel?: () => Promise<LogLevel>,
): readonly Renewal[] {
  const { users, tlsCert } = flags;
  const parts = [
    ...(users === undefined ? [] : ["the users"]),
    ...(tlsCert === undefined ? [] : ["the certificate"]),
    ...(readLevel === undefined ? [] : ["the log level"]),
  ];
  if (parts.length === 0) return [];
  const renew = async (): Promise<void> => {
    const tls = readServerTls(flags);
    const before = log.level;
    log.level = (await readLevel?.()) ?? before;
    try {
      await serving.reload({ tls });
    } catch (thrown) {
      log.level = before;
      throw thrown;
    }
    if (tls !== undefined) reportTls(tls, flags, log);
  };
  return [{ what: parts.join(" and "), renew }];
}
