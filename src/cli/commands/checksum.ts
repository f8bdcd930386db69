/** `checksum`: digests made by the server, in the form that `sha256sum --check` reads. */
import { type Command, Option } from "commander";
import type { Context } from "../program/context.ts";
import { eachName, type GlobFlags, noGlob } from "../program/given-names.ts";
import type { ContextOf } from "./commands.ts";

const ALGORITHMS = { sha256: "SHA256", crc32: "CRC32" } as const;

interface Flags extends GlobFlags {
  readonly algorithm: keyof typeof ALGORITHMS;
}

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("checksum <REMOTE...>")
    .description("digests of files, made by the server")
    .addOption(
      new Option("--algorithm <NAME>", "what to compute")
        .choices(Object.keys(ALGORITHMS))
        .default("sha256"),
    )
    .addOption(noGlob())
    .action((paths: string[], flags: Flags) =>
      eachName(context(), "checksum", paths, flags, (now, typed) => checksum(now, typed, flags)),
    );
}

async function checksum(context: Context, typed: string, { algorithm }: Flags): Promise<void> {
  const { output, signal } = context;
  const path = context.currentFolder.resolve(typed);
  const client = await context.client();
  const { digest } = await client.checksum(path, ALGORITHMS[algorithm], { signal });
  await output.line(`${Buffer.from(digest).toString("hex")}  ${output.name(path)}`);
}
