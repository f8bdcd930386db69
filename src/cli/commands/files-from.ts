/** `--files-from`: the names of files, one a line, which are moved to the same places below another folder. */
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { CommanderError, Option } from "commander";
import { LeatError } from "../../errors.ts";
import { FILES_FROM_BYTES } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import type { Context } from "../program/context.ts";
import { LocalError } from "../program/failures.ts";
import { UsageError } from "../program/exit-codes.ts";
import { checkLocal, expandHome } from "../program/local-names.ts";
import { inFolder, type Planned, planEach, type Transfer, withoutEnd } from "../program/paths.ts";
import { standardInput } from "../terminal/standard-input.ts";

export interface FilesFromFlags {
  readonly filesFrom?: string;
  readonly from0?: boolean;
  readonly to?: string;
}

export const filesFrom = (): Option =>
  new Option("--files-from <FILE>", "take the names in FILE, one a line; - reads them from stdin");
export const from0 = (): Option =>
  new Option("-0, --from0", "with --files-from: a NUL ends a name");

/** For a command that needs names unless they come from a file. @throws CommanderError, UsageError */
export function checkNames(what: string, typed: readonly string[], flags: FilesFromFlags): void {
  if (flags.filesFrom === undefined) {
    if (flags.from0 === true) throw new UsageError("-0 is about --files-from: add it");
    if (typed.length > 0) return;
    const message = `error: missing required argument '${what}'`;
    throw new CommanderError(2, "commander.missingArgument", message);
  }
  if (typed.length > 1) {
    throw new UsageError("with --files-from, only the folder can be named that its names are in");
  }
  if (flags.to === "-") throw new UsageError("--files-from writes files, and --to - none");
}

/** Downloads, each to its name below `to`. */
export async function listedDownloads(
  context: Context,
  typed: readonly string[],
  flags: FilesFromFlags,
): Promise<Planned<Transfer>> {
  const from = context.currentFolder.resolve(typed[0] ?? ".");
  const to = flags.to ?? ".";
  checkLocal(to);
  const plan = (name: string): Transfer => {
    // It is checked first: a name with ".." would lead out of the target.
    const path = inFolder(from, name);
    return { path, local: join(to, name), place: name };
  };
  return planEach(await listed(context, flags), plan, ({ local }) => resolve(local));
}

/** Uploads, each to its name below `to`. */
export async function listedUploads(
  context: Context,
  typed: readonly string[],
  flags: FilesFromFlags,
): Promise<Planned<Transfer>> {
  const from = typed[0] ?? ".";
  checkLocal(from);
  const to = context.currentFolder.resolve(flags.to ?? ".");
  const plan = (name: string): Transfer => {
    const path = inFolder(to, name);
    return { path, local: join(from, name), place: name };
  };
  return planEach(await listed(context, flags), plan, ({ path }) => path);
}

/** @returns the names, each once; "./" before them and "/" around them do not count */
async function listed(context: Context, { filesFrom = "", from0 = false }: FilesFromFlags) {
  const bytes = await readNames(context, filesFrom);
  const text = bytes.toString();
  if (!isUtf8(bytes)) {
    const first = linesOf(text, from0).find((line) => line.includes("\ufffd")) ?? "";
    const message = `${quote(filesFrom)} has names that are not UTF-8, as ${quote(first)}`;
    throw new LeatError("INVALID_NAME", message);
  }
  const names = linesOf(text, from0).map((line) => withoutEnd(line.replace(/^(\.?\/+)+/, "")));
  return [...new Set(names)].filter((name) => name !== "" && name !== ".");
}

const linesOf = (text: string, from0: boolean): string[] =>
  from0 ? text.split("\0") : text.split(/\r?\n/);

async function readNames(context: Context, file: string): Promise<Buffer> {
  if (file === "-" && context.inShell) {
    throw new UsageError("- is standard input, where the commands come from: name a file");
  }
  const source = file === "-" ? standardInput() : createReadStream(expandHome(file));
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      chunks.push(chunk);
      if (context.signal.aborted) break;
      if (size > FILES_FROM_BYTES) throw tooLarge(file);
    }
  } catch (thrown) {
    throw new LocalError(LeatError.from(thrown, `cannot read the names in ${quote(file)}`));
  }
  return Buffer.concat(chunks);
}

function tooLarge(file: string): LeatError {
  const message = `${quote(file)} has more than ${FILES_FROM_BYTES} bytes of names`;
  return new LeatError("TOO_LARGE", message);
}
