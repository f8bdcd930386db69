/** `leat server user`, and its commands. What they need is not loaded for a server. */
import { type Command, Option } from "commander";
import { PERMISSIONS } from "../../../store/permitted/permissions.ts";
import { createCommand } from "../../program/arguments.ts";
import { UsageError } from "../../program/exit-codes.ts";
import { unknownCommand } from "../../program/unknown-command.ts";
import { readAllowed, readFolder } from "./allow.ts";
import type { AddFlags, TokenFlags } from "./changes.ts";
import { addLimitFlags, type LimitFlags } from "./limits.ts";

export function userCommand(): Command {
  const program = createCommand("user")
    .description("make and change the file of --users")
    .usage("[options] COMMAND")
    .argument("[COMMAND...]")
    .option("--users <FILE>", "the users file; made with the first user")
    .configureHelp({ showGlobalOptions: false })
    .addHelpText("after", "\nA server that runs takes changes over when it gets SIGHUP.")
    .helpCommand(false);
  const file = (): string => fileOf(program);
  addLimitFlags(add(program, "add", "make a user, and print its token once"))
    .argument("<NAME>")
    .addOption(
      new Option("--root <FOLDER>", "all of the library that the user sees; made if it is missing")
        .argParser(readFolder)
        .default("", "the library"),
    )
    .addOption(
      new Option(
        "--allow <[FOLDER=]LIST>",
        `what the user may do, in all of it or from FOLDER down: all, none, or some of ${PERMISSIONS.join(",")}`,
      ).argParser(readAllowed),
    )
    .option("--ask-password", "ask for a password in place of a token")
    .action(async (name: string, flags: AddFlags) =>
      (await changes()).addUser(file(), name, flags),
    );
  addLimitFlags(add(program, "limit", "change the limits of a user; none takes one away"))
    .argument("<NAME>")
    .action(async (name: string, flags: LimitFlags) =>
      (await changes()).limitUser(file(), name, flags),
    );
  add(program, "list", "print the users").action(async () => (await changes()).listUsers(file()));
  add(program, "remove", "remove a user, with all its tokens")
    .argument("<NAME>")
    .action(async (name: string) => (await changes()).removeUser(file(), name));
  add(program, "token", "make another token for a user, and print it once")
    .argument("<NAME>")
    .option("--replace", "no earlier token of the user is valid any more")
    .action(async (name: string, flags: TokenFlags) =>
      (await changes()).addToken(file(), name, flags),
    );
  return program.action((words: readonly string[]) => {
    if (words[0] !== undefined) throw unknownCommand(program, words[0], "user --help tells more");
    throw new UsageError(
      "say what to do: user add, limit, list, remove or token; user --help tells more",
    );
  });
}

const changes = () => import("./changes.ts");

function add(program: Command, name: string, description: string): Command {
  const command = createCommand(name)
    .description(description)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText("after", "\n--users FILE, or LEAT_USERS, names the users file.");
  program.addCommand(command);
  return command;
}

/** @throws UsageError */
function fileOf(program: Command): string {
  const { users } = program.opts<{ readonly users?: string }>();
  if (users) return users;
  throw new UsageError("say which file has the users: --users FILE");
}
