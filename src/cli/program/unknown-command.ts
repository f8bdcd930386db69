/** The error for a command that does not exist. */
import type { Command } from "commander";
import { quote } from "../../store/names.ts";
import { UsageError } from "./exit-codes.ts";
import { nearest } from "./nearest.ts";

/** The name of a command, and its aliases. */
export const namesOf = (command: Command): string[] => [command.name(), ...command.aliases()];

/** @returns the command of this name or alias */
export function commandNamed(program: Command, name: string): Command | undefined {
  return program.commands.find((command) => namesOf(command).includes(name));
}

/**
 * @param help the words that say where to read more
 * @param more names besides the program's commands
 */
export function unknownCommand(
  program: Command,
  name: string,
  help: string,
  more: readonly string[] = [],
): UsageError {
  const near = nearest(name, [...program.commands.flatMap(namesOf), ...more]);
  const guess = near === undefined ? "" : ` did you mean ${near}?`;
  return new UsageError(`unknown command ${quote(name)};${guess} ${help}`);
}
