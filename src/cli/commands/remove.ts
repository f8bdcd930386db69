/** `remove`: files and empty folders. */
import type { Command } from "commander";
import type { ContextOf } from "./commands.ts";

export function addRemove(program: Command, context: ContextOf): void {
  program
    .command("remove <PATH...>")
    .alias("rm")
    .description("remove files, or folders with nothing in them")
    .action((paths: string[]) =>
      context().each("remove", paths, async (now, typed) => {
        const path = now.currentFolder.resolve(typed);
        const client = await now.client();
        await client.remove(path, { signal: now.signal });
        if (now.chatty) now.output.say(`removed ${path}`);
      }),
    );
}
