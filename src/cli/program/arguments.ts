/** What all our commands share in how arguments are read. */
import { Command, CommanderError, InvalidArgumentError, type Option } from "commander";
import { UsageError } from "./exit-codes.ts";
import type { Output } from "../terminal/output.ts";

/** A command that throws instead of ending the process, and whose flags the environment sets, too. */
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

/** For `configureOutput`: help leaves as all data does, in order, and a reader that has gone is no error. */
export function helpTo(output: Output): { writeOut: (text: string) => void } {
  return { writeOut: (text) => output.gather(text) };
}

/** Help or the version was printed: nothing went wrong. */
export function isAnswer(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** commander's message in our form: one line, without its prefix. */
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

/** For `argParser`: more than none. @returns milliseconds */
export function seconds(text: string): number {
  const milliseconds = secondsOrNone(text);
  if (milliseconds > 0) return milliseconds;
  throw notSeconds();
}

/** For `argParser`: 0 is a time, too. `5s` is as good as `5`. @returns milliseconds */
export function secondsOrNone(text: string): number {
  const value = Number(text.replace(/s$/, ""));
  // setTimeout takes 31 bits of milliseconds; longer ones would fire at once.
  if (/^\d+(\.\d+)?s?$/.test(text) && value <= 2_000_000) return value * 1000;
  throw notSeconds();
}

const notSeconds = (): InvalidArgumentError =>
  new InvalidArgumentError("It should be a number of seconds, like 5 or 0.5.");

/** A flag that was not typed may stand in the environment: `--if-exists` as LEAT_IF_EXISTS. */
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

function readSwitch(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("It should be 1 or 0.");
}
