/** `remove`: files and empty folders; with -r also what is in folders. */
import type { Command } from "commander";
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import type { Context } from "../program/context.ts";
import { UsageError } from "../program/exit-codes.ts";
import { eachName, type GlobFlags, noGlob, remoteNames } from "../program/given-names.ts";
import { meansContents, planEach } from "../program/paths.ts";
import type { ContextOf } from "./commands.ts";
import { removeTrees } from "./remove-trees.ts";

interface Flags extends GlobFlags {
  readonly yes?: boolean;
}

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("remove <PATH...>")
    .description("remove files, and folders with nothing in them unless -r is given")
    .option("-r, --recursive", "folders, too, with everything in them")
    .option("-y, --yes", "with -r: remove without asking")
    .addOption(noGlob())
    .action((paths: string[], flags: Flags) =>
      flags.recursive === true
        ? context().run("remove", (now) => removeAll(now, paths, flags))
        : eachName(context(), "remove", paths, flags, removeOne),
    );
}

async function removeOne(context: Context, typed: string): Promise<void> {
  const path = context.currentFolder.resolve(typed);
  const client = await context.client();
  await client.remove(path, { signal: context.signal });
  if (context.chatty) context.output.say(`removed ${path}`);
}

async function removeAll(context: Context, typed: readonly string[], flags: Flags): Promise<void> {
  const { yes = false } = flags;
  if (!yes && context.ask === undefined) {
    const why = "and there is no terminal";
    throw new UsageError(`-r asks before it removes, ${why}: --yes removes without asking`);
  }
  const names = await remoteNames(context, "remove", typed, flags);
  const planned = planEach(names, (each) => treePath(context, each));
  if (context.refuse("remove", planned)) await removeTrees(context, planned.all, !yes);
}

/** @throws INVALID_NAME; INVALID_ARGUMENT for the folder that a person is in, as rm refuses it, and for the library */
function treePath({ currentFolder }: Context, typed: string): string {
  const path = currentFolder.resolve(typed);
  if (path !== "" && !meansContents(typed)) return path;
  const what = path === "" ? "the library itself" : `${quote(path)}, by the name "${typed}",`;
  throw new LeatError("INVALID_ARGUMENT", `${what} cannot be removed: name what is in it`);
}
