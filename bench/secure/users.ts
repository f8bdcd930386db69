/** What users cost: leat with permissions and a quota for the one who asks, beside leat without users. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "../peers/competitor.ts";
import { leatClient, startServer } from "../peers/leat.ts";
import type { Site } from "../peers/site.ts";

export const WITHOUT_USERS = "leat, no users";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

/** Two lists of permissions, so that names are looked up; and a quota that is never reached. */
const RIGHTS = [
  "--allow=all",
  "--allow=small=list,read",
  "--quota=1000T",
  "--quota-files=1000000000",
];

/** Paths of files: the users, and the token of one of them. */
export interface OneUser {
  readonly users: string;
  readonly token: string;
}

/** Has the command line of leat make a user. @param rights flags of `leat server user add` */
export function makeUser(site: Site, name: string, rights: readonly string[]): OneUser {
  const [users, token] = [join(site.etc, `${name}.json`), join(site.etc, `${name}.token`)];
  const argv = [MAIN, "server", "user", "add", name, `--users=${users}`, ...rights];
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...argv]);
  if (exitCode !== 0) throw new Error(`leat server user add: ${stderr.toString().trim()}`);
  writeFileSync(token, stdout, { mode: 0o600 });
  return { users, token };
}

export async function withUsers(site: Site): Promise<Entry> {
  const { users, token } = makeUser(site, "bench", RIGHTS);
  const { server, port, executable } = await startServer(
    site,
    "leat-users",
    "none",
    `--users=${users}`,
  );
  const client = leatClient(executable, `127.0.0.1:${port}`, "none", `--token-file=${token}`);
  return {
    competitors: [
      { who: "leat", client, server: server.group, note: "permissions by folder, a quota" },
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export async function withoutUsers(site: Site): Promise<Entry> {
  const { server, port, executable } = await startServer(site, "leat-no-users", "none");
  const client = leatClient(executable, `127.0.0.1:${port}`, "none");
  return {
    competitors: [{ who: WITHOUT_USERS, client, server: server.group }],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
