/** `rename`: another name, or another folder. */
import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import { lastSegment, remoteFolder, remoteName } from "../paths.ts";
import type { ContextOf } from "./commands.ts";

interface Flags {
  readonly ifExists: "fail" | "replace";
}

export function addRename(program: Command, context: ContextOf): void {
  program
    .command("rename <FROM> <TO>")
    .alias("mv")
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
  const { signal } = context;
  const from = remoteName(typed);
  const into = await remoteFolder(to, false, () => context.client());
  const under = into === "" ? lastSegment(from) : `${into}/${lastSegment(from)}`;
  const target = remoteName(into === undefined ? to : under);
  const client = await context.client();
  await client.rename(from, target, { replace, signal });
  if (context.chatty) context.output.say(`renamed ${from} to ${target}`);
}
