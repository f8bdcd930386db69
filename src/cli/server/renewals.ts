/** The users and the certificate of a running server: SIGHUP has them read again, all of them or none. */
import type { Log } from "../../server/log/log.ts";
import type { Changed } from "../../server/options/options.ts";
import { readServerTls } from "../program/tls-files.ts";
import type { ServerFlags } from "./flags.ts";
import type { Renewal } from "./running.ts";
import { reportTls } from "./tls.ts";

export function renewalsOf(
  serving: { reload(changed?: Changed): Promise<void> },
  flags: ServerFlags,
  log: Log,
): readonly Renewal[] {
  const { users, tlsCert } = flags;
  const parts = [users && "the users", tlsCert && "the certificate"].filter(Boolean);
  if (parts.length === 0) return [];
  const renew = async (): Promise<void> => {
    const tls = readServerTls(flags);
    await serving.reload({ tls });
    if (tls !== undefined) reportTls(tls, flags, log);
  };
  return [{ what: parts.join(" and "), renew }];
}
