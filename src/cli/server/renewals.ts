/** The users, the certificate and the log level of a running server: SIGHUP has them read again, all of them or none. */
import { LeatError } from "../../errors.ts";
import type { ServerTls } from "../../net/tls-options.ts";
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
  const partsOf = (hasCertificate: boolean): string =>
    [
      ...(users === undefined ? [] : ["the users"]),
      ...(hasCertificate ? ["the certificate"] : []),
      ...(readLevel === undefined ? [] : ["the log level"]),
    ].join(" and ");
  const what = partsOf(tlsCert !== undefined);
  if (what === "") return [];
  const renew = async (): Promise<string> => {
    const tls = readAgain(flags, log, partsOf(false));
    const before = log.level;
    log.level = (await readLevel?.()) ?? before;
    try {
      await serving.reload({ tls });
    } catch (thrown) {
      log.level = before;
      throw thrown;
    }
    if (tls !== undefined) reportTls(tls, flags, log);
    return partsOf(tls !== undefined);
  };
  return [{ what, renew }];
}

/**
 * After --run-as, a key that is for root alone cannot be read again: that is no reason to serve users who were removed.
 * @param rest what there is besides to be read again
 * @returns undefined: the certificate stays @throws as `readServerTls`
 */
function readAgain(flags: ServerFlags, log: StreamLog, rest: string): ServerTls | undefined {
  try {
    return readServerTls(flags);
  } catch (thrown) {
    const isDenied = thrown instanceof LeatError && thrown.code === "PERMISSION_DENIED";
    if (!isDenied || rest === "") throw thrown;
    log.warn({ signal: "SIGHUP", why: thrown.message }, "the certificate: as before");
    return undefined;
  }
}
