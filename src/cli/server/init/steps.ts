/** The steps of `leat server init`: each makes files, and says in a line what they are. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createToken, tokenHash } from "../../../server/users/tokens.ts";
import { changeUsersFile } from "../../../server/users/users-file.ts";
import { selfSigned } from "./self-signed.ts";

/** What a new server is to be. */
export interface Plan {
  /** Where its files are made. */
  readonly folder: string;
  /** Host names and addresses by which clients reach it; the first is the one to type. */
  readonly names: readonly string[];
  /** Its first user. */
  readonly user: string;
  readonly port: number;
}

/** What came of the steps, and a client needs. */
export interface Made {
  readonly pin: string;
  readonly token: string;
}

/** Names of the files, in `folder`. */
export const FILES = {
  config: "leat.toml",
  cert: "server.pem",
  key: "server.key",
  users: "users.json",
  library: "library",
} as const;

const YEARS = 10;

/** A step. @returns what it adds to `Made`, and a line for the person who watches */
type Step = (plan: Plan) => readonly [made: Partial<Made>, line: string];

const certificate: Step = ({ folder, names }) => {
  const from = new Date();
  const until = new Date(from);
  until.setUTCFullYear(from.getUTCFullYear() + YEARS);
  const { cert, key, pin } = selfSigned(names, { from, until });
  write(folder, FILES.key, key, 0o600);
  write(folder, FILES.cert, cert, 0o644);
  const day = until.toISOString().slice(0, 10);
  return [{ pin }, `${FILES.cert}, ${FILES.key}: for ${names.join(", ")}, until ${day}`];
};

const user: Step = ({ folder, user: name }) => {
  const token = createToken();
  const made = new Date().toISOString().slice(0, 10);
  changeUsersFile(join(folder, FILES.users), (users) => {
    users.set(name, { root: "", tokens: [{ sha256: tokenHash(token), made }] });
  });
  return [{ token }, `${FILES.users}: the user ${name}`];
};

const library: Step = ({ folder }) => {
  mkdirSync(join(folder, FILES.library), { recursive: true });
  return [{}, `${FILES.library}/: the files that are served`];
};

const config: Step = ({ folder, port }) => {
  write(folder, FILES.config, configText(port), 0o644);
  return [{}, `${FILES.config}: the flags of the server`];
};

/** The configuration comes last: with it, everything is there. */
export const STEPS: readonly Step[] = [certificate, user, library, config];

/** @throws EEXIST: nothing is overwritten */
function write(folder: string, name: string, text: string, mode: number): void {
  writeFileSync(join(folder, name), text, { mode, flag: "wx" });
}

const configText = (port: number): string => `# leat server --config leat.toml
# Each key is the name of a flag: leat server --help has them all. Names of files are relative to this one.

# The folder that is served.
library = "${FILES.library}"

# 0.0.0.0: all addresses of this machine. 127.0.0.1: this machine alone.
host = "0.0.0.0"
port = ${port}

# Who the server is. A renewed certificate is taken over on SIGHUP.
tls-cert = "${FILES.cert}"
tls-key = "${FILES.key}"

# Who may use it: leat server user --users ${FILES.users} changes this file. SIGHUP has it read again.
users = "${FILES.users}"

# read-only = true            # refuse every change
# max-connections = 1024
# log-level = "info"          # debug, info, warn, error, silent
# log-format = "pretty"       # or json
`;
