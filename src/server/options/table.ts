/**
 * One row for each option of a server: its type, bounds and default, and its flag with the sentence that
 * explains it. From these rows come the checks of `createServer`, the flags and environment variables of
 * `leat server`, and the options that are passed on to workers and to processes and threads of clients.
 */
import { LeatError } from "../../errors.ts";
import {
  DRAIN_DEADLINE,
  LONGEST_TIMER,
  MAX_CONNECTIONS,
  MAX_OPEN_FILES,
  MAX_WORKERS,
  PARTIAL_RETENTION,
} from "../../limits.ts";
import { Networks } from "../../net/network.ts";
import type { ServerOptions } from "./options.ts";

interface Row {
  /** As `--help` shows it, with the placeholder of its value; missing: the command has no such flag. */
  readonly flag?: readonly [flag: string, sentence: string];
  /** Passed on to the processes and threads that serve for a server. */
  readonly inherited?: true;
}

interface Bounds {
  readonly least: number;
  /** Missing: none but that of whole numbers. */
  readonly most?: number;
}

type Text = Row & { readonly type: "text"; readonly default?: string };
/** Addresses and networks, with commas between them. */
type NetworkList = Row & { readonly type: "networks" };
type Whole = Row & Bounds & { readonly type: "whole"; readonly default?: number };
/** In milliseconds; a flag takes seconds. */
type Duration = Row & Bounds & { readonly type: "duration"; readonly default: number };
/** Permission bits, with which the owner reads and writes, or none of the owner's. A flag takes them in octal. */
type Mode = Row & { readonly type: "mode"; readonly owner: 0o600 | 0 };
type Switch = Row & { readonly type: "switch" };
type Choice<V = string> = Row & {
  readonly type: "choice";
  readonly choices: readonly V[];
  readonly default: V;
};
/** A row of a table of options. */
export type Option = Text | NetworkList | Whole | Duration | Mode | Switch | Choice;

type OptionOf<V> = [V] extends [boolean]
  ? Switch
  : [V] extends [number]
    ? Whole | Duration | Mode
    : string extends V
      ? Text | NetworkList
      : Choice<V>;

/** Those that have plain values. */
type Named = Exclude<keyof ServerOptions, "store" | "log" | "tls">;

/** In the order of `--help`. */
export const OPTIONS = {
  library: { type: "text", inherited: true },
  hostname: {
    type: "text",
    default: "127.0.0.1",
    flag: ["--host <HOST>", "address to listen on"],
  },
  port: {
    type: "whole",
    least: 0,
    most: 65_535,
    default: 0,
    flag: ["--port <PORT>", "0 picks a free one"],
  },
  unix: { type: "text", flag: ["--unix <PATH>", "listen on a Unix socket instead"] },
  fd: { type: "whole", least: 0 },
  users: {
    type: "text",
    inherited: true,
    flag: ["--users <FILE>", "serve the users in this file, and nobody else; see leat server user"],
  },
  readOnly: { type: "switch", inherited: true, flag: ["--read-only", "refuse every change"] },
  durability: {
    type: "choice",
    choices: ["fsync", "none"],
    default: "fsync",
    inherited: true,
    flag: ["--durability <LEVEL>", "fsync: a file counts as received once it is on disk"],
  },
  fileMode: {
    type: "mode",
    owner: 0o600,
    inherited: true,
    flag: ["--file-mode <MODE>", "permission bits of new files, whatever a client says: 640"],
  },
  maxConnections: {
    type: "whole",
    least: 1,
    default: MAX_CONNECTIONS,
    inherited: true,
    flag: ["--max-connections <N>", "connections at once; more are told to try again later"],
  },
  // Unless given: as many as MAX_STREAMS and the files that may be open allow.
  maxStreams: { type: "whole", least: 1, most: 0xffff_ffff, inherited: true },
  maxOpenFiles: { type: "whole", least: 1, default: MAX_OPEN_FILES, inherited: true },
  // Unless given: a share of what the server has.
  maxConnectionsPerAddress: {
    type: "whole",
    least: 1,
    inherited: true,
    flag: [
      "--max-connections-per-address <N>",
      "connections at once from one address, or IPv6 /64",
    ],
  },
  maxStreamsPerAddress: {
    type: "whole",
    least: 1,
    inherited: true,
    flag: ["--max-streams-per-address <N>", "requests at once, and their files, from one address"],
  },
  maxConnectionsPerUser: {
    type: "whole",
    least: 1,
    inherited: true,
    flag: ["--max-connections-per-user <N>", "connections at once of one user"],
  },
  maxStreamsPerUser: {
    type: "whole",
    least: 1,
    inherited: true,
    flag: ["--max-streams-per-user <N>", "requests at once, and their files, of one user"],
  },
  penaltyExempt: {
    type: "networks",
    inherited: true,
    flag: [
      "--penalty-exempt <LIST>",
      "addresses that never have to wait for the faults of some clients: 10.0.0.0/8,192.0.2.7",
    ],
  },
  model: {
    type: "choice",
    choices: ["event-loop", "iterative", "processes", "threads"],
    default: "event-loop",
    flag: ["--model <MODEL>", "how clients are served"],
  },
  workers: {
    type: "whole",
    least: 1,
    most: MAX_WORKERS,
    default: 1,
    flag: ["--workers <N>", "processes for --model event-loop; auto: one for each core"],
  },
  drain: {
    type: "duration",
    least: 0,
    most: LONGEST_TIMER,
    default: DRAIN_DEADLINE,
    inherited: true,
    flag: ["--drain <SECONDS>", "how long transfers may go on when it stops"],
  },
  partialRetention: {
    type: "duration",
    least: 1,
    most: LONGEST_TIMER,
    default: PARTIAL_RETENTION,
    inherited: true,
    flag: ["--partial-retention <SECONDS>", "how long an unfinished upload is kept for a next try"],
  },
  kernelCopy: {
    type: "choice",
    choices: ["auto", "on", "off"],
    default: "auto",
    inherited: true,
    flag: [
      "--kernel-copy <WHEN>",
      "let the kernel move files to sockets (Linux); auto: to clients on other machines",
    ],
  },
} as const satisfies {
  readonly [K in Named]-?: OptionOf<NonNullable<ServerOptions[K]>>;
};

type Table = typeof OPTIONS;
type Having<Part> = { [K in keyof Table]: Table[K] extends Part ? K : never }[keyof Table];

/** The options that are passed on to the processes and threads that serve for a server. */
export type Inherited = Pick<ServerOptions, Having<{ readonly inherited: true }>>;

/** Options with all defaults filled in. */
export type Settings = ServerOptions &
  Required<Pick<ServerOptions, Having<{ readonly default: unknown }>>>;

const ROWS = Object.entries(OPTIONS) as readonly [Named, Option][];

/** Fills in the defaults. @throws INVALID_ARGUMENT: an option is out of its bounds */
export function settle<T extends ServerOptions>(given: T): T & Settings {
  const settings = { ...given } as Record<string, unknown>;
  for (const [name, option] of ROWS) {
    const value = settings[name];
    if (value === undefined) {
      if ("default" in option) settings[name] = option.default;
      continue;
    }
    const should = wanted(option, value);
    if (should === undefined) continue;
    const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new LeatError("INVALID_ARGUMENT", `${name} is ${shown}; it should be ${should}`);
  }
  return settings as unknown as T & Settings;
}

/**
 * @param nameOf how an option is called where it was set
 * @returns why options do not go together, where they do not
 */
export function conflict(
  { workers, model, maxConnections }: Settings,
  nameOf: (option: "workers" | "model" | "maxConnections") => string = (option) => option,
): string | undefined {
  const [own, other] = [nameOf("workers"), nameOf("maxConnections")];
  if (workers > 1 && model !== "event-loop") {
    return `${own} run the event loop each: ${nameOf("model")} ${model} has none`;
  }
  if (workers <= maxConnections) return undefined;
  return `${own} ${workers} with ${other} ${maxConnections}: some workers would serve no client`;
}

/** What such a value should be. */
export const NETWORKS_TEXT =
  "addresses and networks with commas between them: 192.0.2.7,10.0.0.0/8,2001:db8::/32";

export function areNetworks(value: unknown): value is string {
  if (typeof value !== "string") return false;
  try {
    void new Networks(value);
    return true;
  } catch {
    return false;
  }
}

export function inherited(options: ServerOptions): Inherited {
  const own = ROWS.filter(([name, { inherited }]) => inherited && options[name] !== undefined);
  return Object.fromEntries(own.map(([name]) => [name, options[name]]));
}

/** @param owner the bits of the owner that it has */
export const isMode = (value: unknown, owner: number): value is number =>
  Number.isInteger(value) &&
  Number(value) >>> 9 === 0 &&
  (Number(value) & (owner === 0 ? 0o700 : 0o600)) === owner;

/** What such a value should be. */
export const modeText = (owner: number): string =>
  owner === 0
    ? "permission bits that the owner keeps, in octal: 000 to 077"
    : "permission bits with which the owner reads and writes, in octal: 600 to 777";

/** @returns what a value of this option should be, where this one is something else */
function wanted(option: Option, value: unknown): string | undefined {
  switch (option.type) {
    case "text":
      return typeof value === "string" && value !== "" ? undefined : "a text that is not empty";
    case "networks":
      return areNetworks(value) ? undefined : NETWORKS_TEXT;
    case "whole":
    case "duration": {
      const { type, least, most = Number.MAX_SAFE_INTEGER } = option;
      const isWhole = type === "duration" || Number.isSafeInteger(value);
      if (typeof value === "number" && isWhole && value >= least && value <= most) return undefined;
      const bounds = option.most === undefined ? `${least} or more` : `${least} to ${most}`;
      return `a ${type === "whole" ? "whole number" : "number of milliseconds"}, ${bounds}`;
    }
    case "mode":
      return isMode(value, option.owner) ? undefined : modeText(option.owner);
    case "switch":
      return typeof value === "boolean" ? undefined : "true or false";
    case "choice":
      return option.choices.some((choice) => choice === value)
        ? undefined
        : `one of ${option.choices.join(", ")}`;
  }
}
