/** `mkdir`: folders. */
import type { Command } from "commander";
import type { ContextOf } from "./commands.ts";

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("mkdir <PATH...>")
    .description("make folders")
    .option("-p, --parents", "make the folders above it, too, and accept one that exists")
    .action((paths: string[], flags: { readonly parents?: boolean }) =>
      context().each("mkdir", paths, async (now, typed) => {
        const path = now.currentFolder.resolve(typed);
        const client = await now.client();
        await client.makeDirectory(path, { parents: flags.parents === true, signal: now.signal });
        if (now.chatty) now.output.say(`made ${path}/`);
      }),
    );
}
