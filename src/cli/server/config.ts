/** `leat server config` and `leat server check-config`: what a server would be started with, and whether it can be. */
import { resolve } from "node:path";
import { statSync } from "node:fs";
import type { Command } from "commander";
import { openUsers } from "../../server/users/open.ts";
import { createCommand } from "../program/arguments.ts";
import { UsageError } from "../program/exit-codes.ts";
import { printable } from "../terminal/terminal-text.ts";
import { FROM_FILE, addFlags, settingsOf } from "./flags.ts";
import { DEFAULT_LIBRARY } from "./library-folder.ts";
import { readSettings } from "./settings.ts";

export function configCommand(): Command {
  const command = addFlags(createCommand("config")).argument("[LIBRARY]");
  return command
    .description("print what the server would use, as a configuration file")
    .action(async (argument: string | undefined) => {
      const { library, librarySource } = await readSettings(command, argument);
      const path = command.getOptionValue("config") as string | undefined;
      const from: Record<string, string> = {
        [FROM_FILE]: path ?? "",
        env: "environment",
        cli: "typed",
      };
      const settings = [
        { key: "library", value: resolve(library ?? DEFAULT_LIBRARY), source: librarySource },
        ...settingsOf(command),
      ];
      const lines = settings.map(({ key, value, source }) => {
        const setting = `${key} = ${JSON.stringify(value)}`;
        return from[source] === undefined ? setting : `${setting.padEnd(32)} # ${from[source]}`;
      });
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}

export function checkConfigCommand(): Command {
  const command = addFlags(createCommand("check-config")).argument("[LIBRARY]");
  return command
    .description("check flags and configuration file, without serving")
    .action(async (argument: string | undefined) => {
      const { library, flags } = await readSettings(command, argument);
      if (library !== undefined && !isFolder(library)) {
        throw new UsageError(`the library ${printable(library)} is no folder`);
      }
      await openUsers(flags.users);
      process.stdout.write(
        `${flags.config === undefined ? "the flags" : flags.config}: no fault found\n`,
      );
    });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
