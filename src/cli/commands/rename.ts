/** `rename`: another name, or another folder. */
import { type Command, Option } from "commander";
import type { Context } from "../program/context.ts";
import { inFolder, lastSegment, remoteFolder } from "../program/paths.ts";
import type { ContextOf } from "./commands.ts";

interface Flags {
  readonly ifExists: "fail" | "replace";
}

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("rename <FROM> <TO>")
    .description("give a file or folder another name; TO may be a folder to move it into")
    .addOption(
      new Option("--if-exists <WHAT>", "when the name is taken")
        .choices(["fail", "replace"])
        .default("fail"),
    )
    .action((from: string, to: string, flags: Flags) =>
      context().run("rename", (now) => rename(now, from, to, flags.ifExists === "replace")),
    );
}

async function rename(context: Context, typed: string, to: string, replace: boolean) {
  const { signal, currentFolder } = context;
  const from = currentFolder.resolve(typed);
  const into = await remoteFolder(context, to, false);
  const target = into === undefined ? currentFolder.resolve(to) : inFolder(into, lastSegment(from));
  const client = await context.client();
  await client.rename(from, target, { replace, signal });
  if (context.chatty) context.output.say(`renamed ${from} to ${target}`);
}
