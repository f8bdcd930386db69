/** What a user may have of the server, as it is typed: `--connections 4`; `none` takes a limit away. */
import { type Command, Option } from "commander";
import type { UserRecord } from "../../../server/users/users-file.ts";
import { byteRate, byteSize, wholeNumber } from "../../program/arguments.ts";
import { bytesText } from "../../terminal/units.ts";

export type Limits = NonNullable<UserRecord["limits"]>;
type Name = keyof Limits;

/** By the names of the flags. */
export type LimitFlags = Readonly<Record<string, unknown>>;

const orNone = (read: (text: string) => number) => (text: string) =>
  text === "none" ? text : read(text);

const count = orNone(wholeNumber(1));

interface Limit {
  readonly flag: string;
  /** The name of the flag for commander. */
  readonly attribute: string;
  readonly sentence: string;
  readonly read: (text: string) => number | "none";
  readonly text: (value: number) => string;
}

const LIMITS: Readonly<Record<Name, Limit>> = {
  connections: {
    flag: "--connections <N>",
    attribute: "connections",
    sentence: "connections at once",
    read: count,
    text: (value) => `${value} connections`,
  },
  streams: {
    flag: "--streams <N>",
    attribute: "streams",
    sentence: "requests at once, each counted once for each file that it has open",
    read: count,
    text: (value) => `${value} streams`,
  },
  bytes: {
    flag: "--quota <SIZE>",
    attribute: "quota",
    sentence: "bytes in the root, unfinished uploads included: 500M, 10G",
    read: orNone(byteSize),
    text: (value) => `${bytesText(value)} in all`,
  },
  upload: {
    flag: "--upload-rate <RATE>",
    attribute: "uploadRate",
    sentence: "bytes a second that come, over all transfers of the user: 500K, 5M",
    read: orNone(byteRate),
    text: (value) => `${bytesText(value)}/s up`,
  },
  download: {
    flag: "--download-rate <RATE>",
    attribute: "downloadRate",
    sentence: "bytes a second that go",
    read: orNone(byteRate),
    text: (value) => `${bytesText(value)}/s down`,
  },
  files: {
    flag: "--quota-files <N>",
    attribute: "quotaFiles",
    sentence: "files, folders and links in the root",
    read: count,
    text: (value) => `${value} files in all`,
  },
};

const NAMES = Object.keys(LIMITS) as Name[];

export function addLimitFlags(command: Command): Command {
  for (const name of NAMES) {
    const { flag, sentence, read } = LIMITS[name];
    command.addOption(new Option(flag, sentence).argParser(read));
  }
  return command;
}

/** @returns the limits with those that were typed; undefined: there are none */
export function changedLimits(before: Limits | undefined, flags: LimitFlags): Limits | undefined {
  const limits = { ...before };
  for (const name of NAMES) {
    const value = typed(flags, name);
    if (value === "none") delete limits[name];
    else if (value !== undefined) limits[name] = value;
  }
  return Object.keys(limits).length === 0 ? undefined : limits;
}

function typed(flags: LimitFlags, name: Name): number | "none" | undefined {
  return flags[LIMITS[name].attribute] as number | "none" | undefined;
}

export function isNoLimit(flags: LimitFlags): boolean {
  return NAMES.every((name) => typed(flags, name) === undefined);
}

/** "" where there are none. */
export function limitsText(limits: Limits = {}): string {
  const texts = NAMES.flatMap((name) => {
    const value = limits[name];
    return value === undefined ? [] : [LIMITS[name].text(value)];
  });
  return texts.join(", ");
}
