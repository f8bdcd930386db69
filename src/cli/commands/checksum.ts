/** `checksum`: digests made by the server, in the form that `sha256sum --check` reads. */
import { type Command, Option } from "commander";
import type { ContextOf } from "./commands.ts";

const ALGORITHMS = { sha256: "SHA256", crc32: "CRC32" } as const;

interface Flags {
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
    .action((paths: string[], { algorithm }: Flags) =>
      context().each("checksum", paths, async (now, typed) => {
        const { output, signal } = now;
        const path = now.currentFolder.resolve(typed);
        const client = await now.client();
        const { digest } = await client.checksum(path, ALGORITHMS[algorithm], { signal });
        await output.line(`${Buffer.from(digest).toString("hex")}  ${output.name(path)}`);
      }),
    );
}
