/** What a server was asked for: by its flags, the environment and its configuration file. */
import type { Command } from "commander";
import type { Passed } from "../../net/passed.ts";
import { createCommand } from "../program/arguments.ts";
import { FROM_FILE, type ServerFlags, addFlags, readFlags } from "./flags.ts";
import type { LogLevel } from "./log.ts";
import { checkAddress, checkPassed } from "./listening.ts";
import { checkStdio } from "./stdio.ts";

export interface ServerSettings {
  /** Missing: the default. */
  readonly library: string | undefined;
  /** As that of a flag. */
  readonly librarySource: string;
  readonly flags: ServerFlags;
  /** Whether a flag has a value that is not its default. */
  readonly isSet: (flag: string) => boolean;
  /** Reads the log level of the configuration file again; missing where another one counts, or there is no file. */
  readonly readLevel: (() => Promise<LogLevel>) | undefined;
}

/**
 * @param argument the library that was typed
 * @param passed the socket that the server was started with
 * @throws UsageError
 */
export async function readSettings(
  program: Command,
  argument: string | undefined,
  passed?: Passed,
): Promise<ServerSettings> {
  const named = await takeFile(program);
  const flags = readFlags(program);
  const sourceOf = (flag: string) => program.getOptionValueSource(flag) ?? "default";
  const isSet = (flag: string): boolean => sourceOf(flag) !== "default";
  // The environment is often set for several servers.
  const isAsked = (flag: string): boolean => isSet(flag) && sourceOf(flag) !== "env";
  if (flags.stdio === true) checkStdio((flag) => sourceOf(flag) === "cli");
  else if (passed === undefined) checkAddress(flags, isAsked);
  else checkPassed(passed.address, flags, isAsked);
  const librarySource =
    argument !== undefined ? "cli" : named === undefined ? "default" : FROM_FILE;
  const isOwnLevel = ["cli", "env"].includes(sourceOf("logLevel"));
  const readLevel =
    flags.config === undefined || isOwnLevel ? undefined : () => levelIn(flags.config!);
  return { library: argument ?? named, librarySource, flags, isSet, readLevel };
}

/** The whole file is checked. @throws UsageError */
async function levelIn(path: string): Promise<LogLevel> {
  const { takeConfigFile } = await import("./config-file.ts");
  const program = addFlags(createCommand("leat server"));
  takeConfigFile(program, path);
  return program.getOptionValue("logLevel");
}

async function takeFile(program: Command): Promise<string | undefined> {
  const path = program.getOptionValue("config") as string | undefined;
  if (path === undefined) return undefined;
  const { takeConfigFile } = await import("./config-file.ts");
  return takeConfigFile(program, path);
}
