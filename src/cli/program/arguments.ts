/** How all commands read their arguments. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { LEAST_RATE, LONGEST_TIMER } from "../../limits.ts";
import { UsageError } from "./exit-codes.ts";
import type { Output } from "../terminal/output.ts";

/** A command that throws instead of ending the process, and whose flags may be set in the environment. */
export function createCommand(name: string): Command {
  return new Command(name)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .hook("preAction", (program, command) => {
      takeEnvironment(program);
      if (command !== program) takeEnvironment(command);
    });
}

/** For `configureOutput`: help is written in order with other data, and a reader that leaves is no error. */
export function helpTo(output: Output): { writeOut: (text: string) => void } {
  return { writeOut: (text) => output.gather(text) };
}

/** Help or the version was asked for and printed. */
export function isAnswer(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** commander's message in one line, without its prefix. */
export function usageMessage(error: CommanderError): string {
  return error.message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}

/** For `argParser`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw new InvalidArgumentError(`It should be a whole number, ${bounds}.`);
  };
}

/** `5M` and the like are multiples of 1,024. @returns NaN where it is no number of bytes */
function bytesOf(text: string): number {
  const [, digits = "NaN", unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  return Number(digits) * 1024 ** " KMGT".indexOf(unit.toUpperCase() || " ");
}

/** For `argParser`. */
export function byteSize(text: string): number {
  const bytes = Math.floor(bytesOf(text));
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError("It should be a number of bytes, like 500M or 10G.");
}

/** For `argParser`. @returns bytes a second */
export function byteRate(text: string): number {
  const rate = bytesOf(text.replace(/\/s$/i, ""));
  if (rate >= LEAST_RATE) return rate;
  throw new InvalidArgumentError(
    "It should be a number of bytes a second, 1K or more, like 500K or 5M.",
  );
}

/** For `argParser` of a flag that may be repeated. */
function eachOf(text: string, before: readonly string[] = []): string[] {
  if (text === "") throw new InvalidArgumentError("It is empty.");
  return [...before, text];
}

/** The flags with patterns of .gitignore. */
export const exclude = (): Option =>
  new Option("--exclude <PATTERN>", "leave out what matches, as in .gitignore").argParser(eachOf);
export const include = (): Option =>
  new Option("--include <PATTERN>", "but not what matches this").argParser(eachOf);

/** For `argParser`: more than 0. @returns milliseconds */
export function seconds(text: string): number {
  const milliseconds = secondsOrNone(text);
  if (milliseconds > 0) return milliseconds;
  throw notSeconds();
}

/** For `argParser`: 0 or more; `5s` is `5`. @returns milliseconds */
export function secondsOrNone(text: string): number {
  const value = Number(text.replace(/s$/, ""));
  if (/^\d+(\.\d+)?s?$/.test(text) && value * 1000 <= LONGEST_TIMER) return value * 1000;
  throw notSeconds();
}

const notSeconds = (): InvalidArgumentError =>
  new InvalidArgumentError("It should be a number of seconds, like 5 or 0.5.");

/** Sets the flags that were not typed from the environment: `--if-exists` from LEAT_IF_EXISTS. */
function takeEnvironment(command: Command): void {
  for (const option of command.options) {
    const attribute = option.attributeName();
    const source = command.getOptionValueSource(attribute);
    if (option.long === "--version" || (source !== undefined && source !== "default")) continue;
    const name = `LEAT_${option.name().toUpperCase().replaceAll("-", "_")}`;
    const text = process.env[name];
    if (text === undefined || text === "") continue;
    command.setOptionValueWithSource(attribute, readEnvironment(name, text, option), "env");
  }
}

function readEnvironment(name: string, text: string, option: Option): unknown {
  try {
    if (option.negate) return !readSwitch(text);
    if (option.isBoolean()) return readSwitch(text);
    return option.parseArg === undefined ? text : option.parseArg(text, undefined);
  } catch (thrown) {
    if (!(thrown instanceof InvalidArgumentError)) throw thrown;
    throw new UsageError(`${name}=${text} in the environment is invalid. ${thrown.message}`);
  }
}

/** For values that are not typed: `1`, `true`, `yes`, `on` and their opposites. @throws InvalidArgumentError */
export function readSwitch(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("It should be 1 or 0.");
}

/** `--links`, `--no-times` and `--no-modes`: what a copy of a folder keeps. */
export const links = (): Option =>
  new Option("--links <WHAT>", "make links that lead to something in the folder, or follow all")
    .choices(["copy", "skip", "follow"])
    .default("copy");

export const noTimes = (): Option =>
  new Option("--no-times", "new modified times, and not those of the originals");

export const noModes = (): Option =>
  new Option("--no-modes", "default permissions, and not those of the originals");

export const jobs = (): Option =>
  new Option("--jobs <N>", "how many transfers run at once").argParser(wholeNumber(1));
