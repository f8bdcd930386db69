/** `stat`: all facts about one name. */
import type { Command } from "commander";
import { statRequest } from "../../client/calls/requests.ts";
import type { Context } from "../program/context.ts";
import { eachName, type GlobFlags, noGlob } from "../program/given-names.ts";
import { bytesText, timeText } from "../terminal/units.ts";
import type { ContextOf } from "./commands.ts";
import { entryFacts, modeText } from "./entry.ts";

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("stat <PATH...>")
    .description("show everything about a file or a folder")
    .option("--json", "one object a line")
    .addOption(noGlob())
    .action((paths: string[], flags: GlobFlags & { readonly json?: boolean }) =>
      eachName(context(), "stat", paths, flags, (now, path) =>
        stat(now, path, flags.json === true),
      ),
    );
}

async function stat(context: Context, typed: string, json: boolean): Promise<void> {
  const { output, signal } = context;
  const path = context.currentFolder.resolve(typed);
  const client = await context.client(statRequest(path));
  const entry = await client.stat(path, { signal });
  if (json) return output.json({ path, ...entryFacts(entry) });
  const { kind, size, modified, mode, version } = entry;
  await output.line(`path      ${output.name(path === "" ? "the library itself" : path)}`);
  await output.line(
    `kind      ${{ FILE: "file", DIRECTORY: "folder" }[kind as string] ?? "other"}`,
  );
  if (kind === "FILE") await output.line(`size      ${sizeText(size)}`);
  await output.line(`modified  ${timeText(modified)}`);
  if (mode !== undefined) await output.line(`mode      ${modeText(mode)}`);
  if (version !== "") await output.line(`version   ${output.name(version)}`);
}

function sizeText(size: number): string {
  if (size === 1) return "1 byte";
  if (size === Number.MAX_SAFE_INTEGER) return `${size} bytes or more (${bytesText(size)})`;
  return size < 1024 ? `${size} bytes` : `${size} bytes (${bytesText(size)})`;
}
