/** What is said about a command that does not exist. */
import type { Command } from "commander";
import { quote } from "../../store/names.ts";
import { UsageError } from "./exit-codes.ts";
import { nearest } from "./nearest.ts";

/** The names a command goes by. */
export const namesOf = (command: Command): string[] => [command.name(), ...command.aliases()];

/**
 * @param more names besides the program's commands
 * @param help where to read what there is
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
