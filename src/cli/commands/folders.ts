/** `cd`, `pwd`, `lcd`, `lpwd`: the current folder in the library and on this machine. For the shell only. */
import type { Command } from "commander";
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import type { Context } from "../program/context.ts";
import { checkLocal, expandHome } from "../program/local-names.ts";
import type { ContextOf } from "./commands.ts";

export function addFolders(program: Command, context: ContextOf): void {
  program
    .command("cd [FOLDER]")
    .description("go to a folder of the library; .. goes up, - goes back")
    .action((typed: string | undefined) => context().run("cd", (now) => changeFolder(now, typed)));
  program
    .command("pwd")
    .description("show the folder of the library that names begin in")
    .action(() =>
      context().run("pwd", ({ output, currentFolder }) =>
        output.line(output.name(`/${currentFolder.path}`)),
      ),
    );
  program
    .command("lcd [FOLDER]")
    .description("go to a local folder; ~ is the home folder")
    .action((typed: string | undefined) =>
      context().run("lcd", () => changeLocalFolder(typed ?? "~")),
    );
  program
    .command("lpwd")
    .description("show the local folder that names begin in")
    .action(() => context().run("lpwd", ({ output }) => output.line(output.name(process.cwd()))));
}

async function changeFolder(context: Context, typed: string | undefined): Promise<void> {
  const { currentFolder, signal } = context;
  const folder = currentFolder.target(typed);
  if (folder !== "") {
    const client = await context.client();
    const { kind } = await client.stat(folder, { signal });
    if (kind !== "DIRECTORY") {
      throw new LeatError("NOT_A_DIRECTORY", `${quote(folder)} is not a folder`);
    }
  }
  currentFolder.change(folder);
}

async function changeLocalFolder(typed: string): Promise<void> {
  checkLocal(typed);
  const folder = expandHome(typed);
  try {
    process.chdir(folder);
  } catch (thrown) {
    throw LeatError.from(thrown, `cannot go to ${quote(folder)}`);
  }
}
