/** The flags of `leat server`: those of the server's table of options, and a few of the command's own. */
import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_PORT } from "../../client/connection/address.ts";
import {
  NETWORKS_TEXT,
  OPTIONS,
  type Option as Row,
  type Settings,
  areNetworks,
  conflict,
  isMode,
  modeText,
} from "../../server/options/table.ts";
import { seconds, secondsOrNone, wholeNumber } from "../program/arguments.ts";
import { UsageError } from "../program/exit-codes.ts";
import type { ServerTlsFlags } from "../program/tls-files.ts";
import { readHost } from "./listening.ts";
import { readMonitorAddress } from "./monitor.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "./log.ts";

/** Flags that are no options of `createServer`. */
const OWN = {
  config: {
    type: "text",
    flag: ["--config <FILE>", "TOML file with values of these flags; see `leat server config`"],
  },
  stdio: {
    type: "switch",
    flag: ["--stdio", "serve one client over standard input and output: ssh starts it so"],
  },
  tlsCert: {
    type: "text",
    flag: ["--tls-cert <FILE>", "serve by TLS 1.3, with this certificate (PEM)"],
  },
  tlsKey: { type: "text", flag: ["--tls-key <FILE>", "the key of the certificate (PEM)"] },
  tlsClientCa: {
    type: "text",
    flag: ["--tls-client-ca <FILE>", "serve only clients with a certificate of these authorities"],
  },
  allowAnonymous: {
    type: "switch",
    flag: ["--allow-anonymous", "serve strangers: needed to listen beyond this machine"],
  },
  // Not --user: LEAT_USER is whom a client on this machine logs in as.
  runAs: {
    type: "text",
    flag: ["--run-as <USER>", "become this user once the port is open, if root starts it"],
  },
  umask: {
    type: "mode",
    owner: 0,
    flag: [
      "--umask <MODE>",
      "permission bits that no new file or folder has (default: as inherited)",
    ],
  },
  metrics: {
    type: "text",
    flag: ["--metrics <[HOST:]PORT>", "answer Prometheus and health checks over HTTP there"],
  },
  auditLog: {
    type: "text",
    flag: ["--audit-log <FILE>", "append logins, refusals and changes to it, as JSON"],
  },
  logLevel: {
    type: "choice",
    choices: LOG_LEVELS,
    default: "info",
    flag: ["--log-level <LEVEL>", "the least that is worth a line"],
  },
  logFormat: {
    type: "choice",
    choices: LOG_FORMATS,
    default: "pretty",
    flag: ["--log-format <FORMAT>", "lines for people, or JSON"],
  },
} as const satisfies Readonly<Record<string, Row>>;

export interface ServerFlags extends Settings, ServerTlsFlags {
  readonly config?: string;
  readonly stdio?: boolean;
  readonly allowAnonymous?: boolean;
  readonly runAs?: string;
  readonly umask?: number;
  readonly metrics?: string;
  readonly auditLog?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Options whose values the command reads in another way, or has another default for. */
const SPECIAL: { readonly [K in keyof ServerFlags]?: (option: Option) => void } = {
  metrics: (option) => option.argParser(readMonitorAddress),
  hostname: (option) => option.argParser(readHost),
  port: (option) => option.default(DEFAULT_PORT),
  workers: (option) => option.argParser(workerCount),
};

const ROWS: readonly [string, Row][] = Object.entries({ ...OPTIONS, ...OWN });

const FLAGS = ROWS.flatMap(([name, row]): [string, Option][] => {
  if (row.flag === undefined) return [];
  const option = typed(new Option(...row.flag), row);
  SPECIAL[name as keyof ServerFlags]?.(option);
  return [[name, option]];
});

export function addFlags(program: Command): Command {
  for (const [, option] of FLAGS) program.addOption(option);
  return program;
}

/** The values of all flags: typed, of the environment, or by default. @throws UsageError: flags that do not go together */
export function readFlags(program: Command): ServerFlags {
  const values = FLAGS.map(([name, option]) => [
    name,
    program.getOptionValue(option.attributeName()),
  ]);
  const flags = Object.fromEntries(values) as ServerFlags;
  const problem = conflict(flags, (name) => OPTIONS[name].flag[0].split(" ")[0]!);
  if (problem !== undefined) throw new UsageError(problem);
  return flags;
}

/** The source of a value, in commander's words, that comes from the configuration file. */
export const FROM_FILE = "config";

/** A flag as a configuration file has it. */
export interface Setting {
  readonly key: string;
  /** A duration is in seconds. */
  readonly value: string | number | boolean;
  /** `default`, FROM_FILE, `env` or `cli`. */
  readonly source: string;
}

/** The values of all flags that are set, but for that of the file itself. */
export function settingsOf(program: Command): Setting[] {
  return FLAGS.flatMap(([name, option]): Setting[] => {
    const attribute = option.attributeName();
    const value = program.getOptionValue(attribute) as Setting["value"] | undefined;
    if (value === undefined || name === "config" || name === "stdio") return [];
    const type = ROWS.find(([each]) => each === name)?.[1].type;
    const source = program.getOptionValueSource(attribute) ?? "default";
    const written =
      type === "duration" ? Number(value) / 1000 : type === "mode" ? octal(Number(value)) : value;
    return [{ key: option.name(), value: written, source }];
  });
}

/** @returns the option, which reads values of the row's type */
function typed(option: Option, row: Row): Option {
  if (row.type === "switch") return option;
  if (row.type === "choice") option.choices(row.choices);
  if (row.type === "networks") return option.argParser(readNetworks);
  if (row.type === "mode") return option.argParser((text) => readMode(text, row.owner));
  if (row.type === "whole") option.argParser(wholeNumber(row.least, row.most));
  if (row.type !== "duration") return option.default(row.default);
  option.argParser(row.least === 0 ? secondsOrNone : seconds);
  return option.default(row.default, `${row.default / 1000}`);
}

/** For `argParser`. */
function readNetworks(text: string): string {
  if (areNetworks(text)) return text;
  throw new InvalidArgumentError(`It should be ${NETWORKS_TEXT}.`);
}

/** For `argParser`: 640, 0640 or 0o640. */
function readMode(text: string, owner: number): number {
  const mode = /^(0o?)?[0-7]{1,3}$/.test(text) ? Number.parseInt(text.replace("o", ""), 8) : -1;
  if (isMode(mode, owner)) return mode;
  throw new InvalidArgumentError(`It should be ${modeText(owner)}.`);
}

const octal = (mode: number): string => mode.toString(8).padStart(3, "0");

function workerCount(text: string): number {
  const { least, most } = OPTIONS.workers;
  return text === "auto" ? Math.min(availableParallelism(), most) : wholeNumber(least, most)(text);
}
