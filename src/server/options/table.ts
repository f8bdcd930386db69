/**
 * One row for each option of a server: its type, bounds and default, and its flag with the sentence that
 * explains it. From these rows come the checks of `createServer`, the flags and environment variables of
 * `leat server`, and the options that are passed on to workers and to processes and threads of clients.
 */
import { LeatError } from "../../errors.ts";
import {
  DRAIN_DEADLINE,
  MAX_CONNECTIONS,
  MAX_OPEN_FILES,
  MAX_WORKERS,
  PARTIAL_RETENTION,
} from "../../limits.ts";
import type { ServerOptions } from "./options.ts";

interface Described {
  /** As `--help` shows it, with the placeholder of its value; missing: the command has no such flag. */
  readonly flag?: string;
  /** The sentence of `--help`. */
  readonly help?: string;
  /** Passed on to the processes and threads that serve for a server. */
  readonly inherited?: true;
}

interface Whole extends Described {
  readonly type: "whole";
  readonly least: number;
  readonly most?: number;
  readonly default?: number;
}

/** In milliseconds; a flag takes seconds. */
interface Duration extends Described {
  readonly type: "duration";
  readonly least: number;
  readonly most: number;
  readonly default: number;
}

interface Choice<V extends string = string> extends Described {
  readonly type: "choice";
  readonly choices: readonly V[];
  readonly default: V;
}

interface Text extends Described {
  readonly type: "text";
  readonly default?: string;
}

interface Switch extends Described {
  readonly type: "switch";
}

/** No plain value: it is given by a program, and has no flag. */
interface Given {
  readonly type: "object";
}

/** A row of a table of options. */
export type Option = Whole | Duration | Choice | Text | Switch | Given;

type OptionOf<V> = [V] extends [boolean]
  ? Switch
  : [V] extends [number]
    ? Whole | Duration
    : [V] extends [string]
      ? string extends V
        ? Text
        : Choice<V>
      : Given;

/** The longest time, in milliseconds: timers take 31 bits of them, and would fire at once beyond. */
export const LONGEST = 2_000_000_000;

/** In the order of `--help`. */
export const OPTIONS = {
  library: { type: "text", inherited: true },
  store: { type: "object" },
  hostname: {
    type: "text",
    default: "127.0.0.1",
    flag: "--host <HOST>",
    help: "address to listen on",
  },
  port: {
    type: "whole",
    least: 0,
    most: 65_535,
    default: 0,
    flag: "--port <PORT>",
    help: "0 picks a free one",
  },
  unix: { type: "text", flag: "--unix <PATH>", help: "listen on a Unix socket instead" },
  fd: { type: "whole", least: 0 },
  readOnly: { type: "switch", inherited: true, flag: "--read-only", help: "refuse every change" },
  durability: {
    type: "choice",
    choices: ["fsync", "none"],
    default: "fsync",
    inherited: true,
    flag: "--durability <LEVEL>",
    help: "fsync: a file counts as received once it is on disk",
  },
  maxConnections: {
    type: "whole",
    least: 1,
    default: MAX_CONNECTIONS,
    inherited: true,
    flag: "--max-connections <N>",
    help: "connections at once; more are told to try again later",
  },
  // Unless given: as many as MAX_STREAMS and the files that may be open allow.
  maxStreams: { type: "whole", least: 1, most: 0xffff_ffff, inherited: true },
  maxOpenFiles: { type: "whole", least: 1, default: MAX_OPEN_FILES, inherited: true },
  model: {
    type: "choice",
    choices: ["event-loop", "iterative", "processes", "threads"],
    default: "event-loop",
    flag: "--model <MODEL>",
    help: "how clients are served",
  },
  workers: {
    type: "whole",
    least: 1,
    most: MAX_WORKERS,
    default: 1,
    flag: "--workers <N>",
    help: "processes for --model event-loop; auto: one for each core",
  },
  drain: {
    type: "duration",
    least: 0,
    most: LONGEST,
    default: DRAIN_DEADLINE,
    inherited: true,
    flag: "--drain <SECONDS>",
    help: "how long transfers may go on when it stops",
  },
  partialRetention: {
    type: "duration",
    least: 1,
    most: LONGEST,
    default: PARTIAL_RETENTION,
    inherited: true,
    flag: "--partial-retention <SECONDS>",
    help: "how long an unfinished upload is kept for a next try",
  },
  kernelCopy: {
    type: "choice",
    choices: ["auto", "on", "off"],
    default: "auto",
    inherited: true,
    flag: "--kernel-copy <WHEN>",
    help: "let the kernel move files to sockets (Linux)",
  },
  log: { type: "object" },
} as const satisfies {
  readonly [K in keyof ServerOptions]-?: OptionOf<NonNullable<ServerOptions[K]>>;
};

type Table = typeof OPTIONS;
type Having<Part> = { [K in keyof Table]: Table[K] extends Part ? K : never }[keyof Table];

/** What is passed on to the processes and threads that serve for a server. */
export type Inherited = Pick<ServerOptions, Having<{ readonly inherited: true }>>;

/** Options of which those that have a default are there. */
export type Settings = ServerOptions &
  Required<Pick<ServerOptions, Having<{ readonly default: unknown }>>>;

const ROWS = Object.entries(OPTIONS) as readonly [keyof ServerOptions, Option][];

/** The options with defaults where there is none. @throws INVALID_ARGUMENT: one is out of its bounds */
export function settle<T extends ServerOptions>(given: T): T & Settings {
  const settings = { ...given } as Record<string, unknown>;
  for (const [name, option] of ROWS) {
    if (settings[name] !== undefined) check(name, settings[name], option);
    else if ("default" in option) settings[name] = option.default;
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

/** Those of the options that are passed on. */
export function inherited(options: ServerOptions): Inherited {
  const own = ROWS.filter(([name, option]) => "inherited" in option && options[name] !== undefined);
  return Object.fromEntries(own.map(([name]) => [name, options[name]]));
}

function check(name: string, value: unknown, option: Option): void {
  const wanted = expected(option);
  if (wanted === undefined || isValid(value, option)) return;
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new LeatError("INVALID_ARGUMENT", `${name} is ${shown}; it should be ${wanted}`);
}

function isValid(value: unknown, option: Option): boolean {
  switch (option.type) {
    case "whole":
    case "duration":
      if (typeof value !== "number" || value < option.least) return false;
      if (option.type === "whole" && !Number.isSafeInteger(value)) return false;
      return value <= (option.most ?? Number.MAX_SAFE_INTEGER);
    case "choice":
      return option.choices.some((choice) => choice === value);
    case "text":
      return typeof value === "string" && value !== "";
    case "switch":
      return typeof value === "boolean";
    default:
      return true;
  }
}

/** The words for what a value should be: `a whole number, 1 or more`. */
export function expected(option: Option): string | undefined {
  switch (option.type) {
    case "whole":
      return `a whole number, ${bounds(option)}`;
    case "duration":
      return `a number of milliseconds, ${bounds(option)}`;
    case "choice":
      return `one of ${option.choices.join(", ")}`;
    case "text":
      return "a text that is not empty";
    case "switch":
      return "true or false";
    default:
      return undefined;
  }
}

function bounds({ least, most }: { readonly least: number; readonly most?: number }): string {
  return most === undefined ? `${least} or more` : `${least} to ${most}`;
}
