/** `du`: how much is in a folder, and in those below it. */
import { type Command, Option } from "commander";
import { LeatError } from "../../errors.ts";
import { below } from "../../store/names.ts";
import { wholeNumber } from "../program/arguments.ts";
import type { WalkedEntry } from "../../client/trees/walk-entries.ts";
import type { Context } from "../program/context.ts";
import { UsageError } from "../program/exit-codes.ts";
import { jsonLine, type Output } from "../terminal/output.ts";
import { forEach } from "../program/for-each.ts";
import { eachName, type GlobFlags, noGlob } from "../program/given-names.ts";
import { bytesText } from "../terminal/units.ts";
import type { ContextOf } from "./commands.ts";
import { counted } from "../terminal/units.ts";

interface Flags extends GlobFlags {
  readonly maxDepth?: number;
  readonly summarize?: boolean;
  readonly humanReadable?: boolean;
  readonly json?: boolean;
}

/** A folder and everything in it, so far. */
interface Usage {
  /** In the library. */
  readonly path: string;
  bytes: number;
  files: number;
  folders: number;
}

export function add(program: Command, context: ContextOf): Command {
  return (
    program
      .command("du [PATH...]")
      .description("show how many bytes and files are in a folder, with those below it")
      .addOption(
        new Option("-d, --max-depth <N>", "each folder, too, down to N levels below").argParser(
          wholeNumber(0),
        ),
      )
      .option("-s, --summarize", "only the sum of each PATH, which is the default")
      .option("-h, --human-readable", "sizes like 1.21 KiB")
      // As with du, -h is about sizes.
      .helpOption("--help", "display help for command")
      .option("--json", "one object a line")
      .addOption(noGlob())
      .action((paths: string[], flags: Flags) =>
        eachName(
          context(),
          "du",
          paths.length === 0 ? ["."] : paths,
          { ...flags, recursive: true },
          (now, each) => showUsage(now, each, flags),
        ),
      )
  );
}

async function showUsage(context: Context, typed: string, flags: Flags): Promise<void> {
  const { maxDepth = 0 } = flags;
  if (flags.summarize === true && maxDepth > 0) {
    throw new UsageError("-s shows only the sum, and --max-depth more than that: choose one");
  }
  const path = context.currentFolder.resolve(typed);
  const { output, signal } = context;
  const client = await context.client();
  const open = new OpenFolders(path, maxDepth, (usage) =>
    output.gather(lineOf(output, usage, flags)),
  );
  const onError = (error: LeatError, folder: string): void =>
    context.fail("du", error, below(path, folder));
  try {
    const entries = client.walk(path, { hidden: true, onError, signal });
    const { skippedNames } = await forEach(entries, (entry) => {
      open.add(entry);
      return output.room();
    });
    open.leave(0);
    if (skippedNames > 0) {
      context.note(`leat: du: ${counted(skippedNames, "name")} not UTF-8: not counted`);
    }
  } catch (thrown) {
    if (LeatError.from(thrown).code !== "NOT_A_DIRECTORY") throw thrown;
    const { size } = await client.stat(path, { signal });
    output.gather(lineOf(output, { path, bytes: size, files: 1, folders: 0 }, flags));
  }
}

/** The folder, and those in it down to a depth, that the last entry is in: the innermost last. */
class OpenFolders {
  readonly #root: string;
  readonly #maxDepth: number;
  readonly #onLeft: (usage: Usage) => void;
  readonly #open: Usage[];

  /** @param onLeft called with each folder behind those in it */
  constructor(root: string, maxDepth: number, onLeft: (usage: Usage) => void) {
    this.#root = root;
    this.#maxDepth = maxDepth;
    this.#onLeft = onLeft;
    this.#open = [usageOf(root)];
  }

  add({ path, kind, size, link }: WalkedEntry): void {
    const at = below(this.#root, path);
    const open = this.#open;
    while (open.length > 1 && !at.startsWith(`${open.at(-1)!.path}/`)) this.leave(open.length - 1);
    if (link) return; // what it leads to counts where it is
    const within = open.at(-1)!;
    if (kind === "FILE") {
      within.bytes += size;
      within.files += 1;
    } else if (kind === "DIRECTORY") {
      within.folders += 1;
      if (open.length <= this.#maxDepth) open.push(usageOf(at));
    }
  }

  /** Leaves folders until so many are open; each is added to the one that it is in. */
  leave(count: number): void {
    while (this.#open.length > count) {
      const usage = this.#open.pop()!;
      const above = this.#open.at(-1);
      if (above !== undefined) {
        above.bytes += usage.bytes;
        above.files += usage.files;
        above.folders += usage.folders;
      }
      this.#onLeft(usage);
    }
  }
}

const usageOf = (path: string): Usage => ({ path, bytes: 0, files: 0, folders: 0 });

/** As with du, a tab is between the columns. */
function lineOf(output: Output, usage: Usage, flags: Flags): string {
  const { path, bytes, files } = usage;
  if (flags.json === true) return jsonLine(usage);
  const size = flags.humanReadable === true ? bytesText(bytes) : String(bytes);
  return `${size}\t${counted(files, "file")}\t${output.name(path === "" ? "." : path)}\n`;
}
