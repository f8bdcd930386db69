/** `status`: how the server is. */
import { type Command, Option } from "commander";
import type { ServerStatus } from "../../client/calls/options.ts";
import type { Context } from "../program/context.ts";
import { seconds } from "../program/arguments.ts";
import { bytesText, durationText } from "../terminal/units.ts";
import type { ContextOf } from "./commands.ts";
import { watchStatus } from "./status-watch.ts";

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("status")
    .description("show the state of the server")
    .option("--json", "one object")
    .addOption(
      new Option("--watch [SECONDS]", "a line every 2 seconds, or so many, until Ctrl-C")
        .preset("2")
        .argParser(seconds),
    )
    .action((flags: StatusFlags) =>
      context().run("status", (now) => {
        const { json = false, watch } = flags;
        return watch === undefined ? status(now, json) : watchStatus(now, json, watch);
      }),
    );
}

interface StatusFlags {
  readonly json?: boolean;
  /** Milliseconds. */
  readonly watch?: number;
}

async function status(context: Context, json: boolean): Promise<void> {
  const { output, signal } = context;
  const client = await context.client();
  const answer = await client.status({ signal });
  const { residentBytes = null, freeBytes = null } = answer;
  if (json) return output.json({ server: client.server, ...answer, residentBytes, freeBytes });
  for (const [name, value] of rows(client.server, answer)) {
    await output.line(`${name.padEnd(12)}${output.name(value)}`);
  }
}

function rows(server: string, answer: ServerStatus): [string, string][] {
  const synced = answer.durability === "fsync";
  return [
    ["server", `${server} (${answer.agent})`],
    ["up", durationText(answer.uptimeSeconds * 1000)],
    ["connections", String(answer.connections)],
    ["requests", `${answer.streams} under way, this one included`],
    ["sent", bytesText(answer.bytesSent)],
    ["received", bytesText(answer.bytesReceived)],
    ["memory", known(answer.residentBytes)],
    ["free", known(answer.freeBytes)],
    ["changes", answer.readOnly ? "refused (read-only)" : "allowed"],
    ["uploads", synced ? "confirmed when they are on disk" : "confirmed before they are on disk"],
  ];
}

const known = (bytes: number | undefined): string =>
  bytes === undefined ? "unknown" : bytesText(bytes);
