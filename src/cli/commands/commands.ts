/**
 * All commands that ask a server, for the command line and the shell. Each has a module of its own, and most
 * runs need one of them: the others are not loaded.
 */
import type { Command } from "commander";
import type { Context } from "../program/context.ts";

/** Called when a command runs: the flags are parsed then. */
export type ContextOf = () => Context;

interface Module {
  add(program: Command, context: ContextOf): Command;
}

/** By name and alias, in the order of the help. */
const COMMANDS: readonly (readonly [names: readonly string[], load: () => Promise<Module>])[] = [
  [["list", "ls"], () => import("./list.ts")],
  [["du"], () => import("./du.ts")],
  [["get"], () => import("./get.ts")],
  [["upload", "put"], () => import("./upload.ts")],
  [["sync"], () => import("./sync.ts")],
  [["stat"], () => import("./stat.ts")],
  [["remove", "rm"], () => import("./remove.ts")],
  [["rename", "mv"], () => import("./rename.ts")],
  [["mkdir"], () => import("./mkdir.ts")],
  [["checksum"], () => import("./checksum.ts")],
  [["status"], () => import("./status.ts")],
  [["ping"], () => import("./ping.ts")],
];

/** Every name and alias. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.flatMap(([names]) => names);

/** What asks about all of them. */
const HELP: ReadonlySet<string> = new Set(["help", "--help", "-h"]);

/**
 * @param args only the commands that are named among these are added; all unless given, where help is asked
 *   for, and where none is named
 */
export async function addCommands(
  program: Command,
  context: ContextOf,
  args: readonly string[] = [],
): Promise<void> {
  const named = COMMANDS.filter(([names]) => names.some((name) => args.includes(name)));
  const needed = named.length === 0 || args.some((arg) => HELP.has(arg)) ? COMMANDS : named;
  const modules = await Promise.all(needed.map(([, load]) => load()));
  for (const [index, [[, ...aliases]]] of needed.entries()) {
    modules[index]!.add(program, context).aliases(aliases);
  }
}
