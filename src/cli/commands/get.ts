/** `get`: files from the library, whole and verified. */
import { lstatSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Client } from "../../client/client.ts";
import type { Download } from "../../client/download.ts";
import { type ErrorCode, LeatError } from "../../errors.ts";
import type { Collision, DurabilityLevel } from "../../store/store.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../exit-codes.ts";
import { LocalError } from "../failures.ts";
import { type Transfer, downloads, remoteName } from "../paths.ts";
import type { Bar } from "../progress.ts";
import { type Done, transferAll } from "../transfers.ts";
import type { ContextOf } from "./commands.ts";

interface Flags {
  readonly to?: string;
  readonly ifExists: Collision;
  readonly durability: DurabilityLevel;
  readonly json?: boolean;
}

export function addGet(program: Command, context: ContextOf): void {
  program
    .command("get <REMOTE...>")
    .description("fetch files, under their own names unless --to says where")
    .option("-o, --to <LOCAL>", "file or folder to write to; - writes to stdout")
    .addOption(
      new Option("--if-exists <WHAT>", "when the local name is taken")
        .choices(["fail", "replace", "skip"])
        .default("replace"),
    )
    .addOption(
      new Option("--durability <LEVEL>", "fsync: done means on disk")
        .choices(["fsync", "none"])
        .default("fsync"),
    )
    .option("--json", "one object a line for each file")
    .action((remotes: string[], flags: Flags) =>
      context().run("get", (now) => get(now, remotes, flags)),
    );
}

const name = ({ remote }: Transfer): string => remote;

async function get(context: Context, typed: readonly string[], flags: Flags): Promise<void> {
  const json = flags.json === true;
  if (flags.to === "-") {
    if (json) throw new UsageError("--json and --to - would both write to stdout: choose one");
    const transfers = typed.map((remote) => ({ remote: remoteName(remote), local: "-" }));
    const run = (transfer: Transfer, client: Client, bar: Bar): Promise<Done> =>
      toStdout(context, transfer, client, bar);
    return transferAll(context, { command: "get", transfers, name, run, json, inOrder: true });
  }
  const transfers = downloads(typed, flags.to);
  const run = (transfer: Transfer, client: Client, bar: Bar): Promise<Done> =>
    toFile(context, transfer, flags, client, bar);
  return transferAll(context, { command: "get", transfers, name, run, json });
}

async function toFile(
  { signal }: Context,
  { remote, local }: Transfer,
  flags: Flags,
  client: Client,
  bar: Bar,
): Promise<Done> {
  if (flags.ifExists === "skip" && isTaken(local)) {
    const facts = { path: remote, file: local, skipped: true };
    return { bytes: 0, how: "verified", skipped: true, facts };
  }
  const onProgress = (bytes: number): void => void (bar.done = bytes);
  const download = await client.get(remote, { signal, onProgress });
  bar.total = download.length;
  await save(download, local, flags);
  const { size, version } = download.entry;
  const facts = { path: remote, file: local, size, version, skipped: false };
  const how = flags.durability === "fsync" ? "verified, on disk" : "verified, not synced";
  return { bytes: size, how, skipped: false, facts };
}

const LOCAL = new Set<ErrorCode>(["NOT_FOUND", "ALREADY_EXISTS", "IS_A_DIRECTORY"]);

async function save(download: Download, local: string, flags: Flags): Promise<void> {
  const { ifExists, durability } = flags;
  try {
    await download.save(local, { ifExists, durability });
  } catch (thrown) {
    // The server has answered by then: it is not the remote name that is missing, or taken.
    const code = thrown instanceof LeatError ? thrown.code : undefined;
    throw code !== undefined && LOCAL.has(code) ? new LocalError(thrown) : thrown;
  }
}

async function toStdout(
  { signal, output }: Context,
  { remote }: Transfer,
  client: Client,
  bar: Bar,
): Promise<Done> {
  const onProgress = (bytes: number): void => void (bar.done = bytes);
  await using download = await client.get(remote, { signal, onProgress });
  bar.total = download.length;
  for await (const bytes of download) await output.bytes(bytes);
  return { bytes: download.length, how: "verified", skipped: false, facts: {} };
}

/** A link that leads nowhere takes the name, too. */
function isTaken(local: string): boolean {
  try {
    return lstatSync(local, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // writing will tell what is wrong
  }
}
