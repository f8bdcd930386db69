/** `leat server …`, `leat client …`. The modules of one are not loaded for the other. */
import { VERSION } from "../version.ts";
import { chooseCompilers, chooseServerCompilers } from "./program/compilers.ts";
import { STDERR, STDOUT, say } from "./terminal/standard-streams.ts";

const HELP = `leat ${VERSION}: moves files over one TCP port, whole and verified

  leat server [LIBRARY]   serve a folder (default ./library)
  leat client COMMAND     list, get and upload files, and more
  leat client             the same, typed one command after another

  --help after either tells more; --version tells ${VERSION}
`;

async function main([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case "server":
      chooseServerCompilers(rest);
      return (await import("./server/server.ts")).server(rest);
    case "client":
      chooseCompilers(rest);
      return (await import("./client.ts")).client(rest);
    case "--child":
      return child();
    case "--version":
    case "-V":
      say(STDOUT, `leat ${VERSION}\n`);
      return 0;
    case "--help":
    case "-h":
      say(STDOUT, HELP);
      return 0;
    case "help":
      return help(rest);
    default:
      return refuse(command);
  }
}

/** `help client get` is `client get --help`. */
async function help([about, ...more]: readonly string[]): Promise<number> {
  if (about === "server") return main(["server", "--help"]);
  if (about === "client") return main(["client", "help", ...more]);
  return about === undefined ? main(["--help"]) : refuse(about);
}

/** A process or thread of a server: the executable starts itself for these (server/models/program.ts). */
async function child(): Promise<number> {
  if (Bun.isMainThread && process.send === undefined) return refuse("--child");
  await import("../server/models/child.ts");
  return new Promise(() => {}); // child.ts ends the process
}

async function refuse(command: string | undefined): Promise<number> {
  const { EXIT } = await import("./program/exit-codes.ts");
  const { printable } = await import("./terminal/terminal-text.ts");
  const what = command === undefined ? "say what to do" : `there is no "${printable(command)}"`;
  const { COMMAND_NAMES } = await import("./commands/commands.ts");
  const isClients = command !== undefined && COMMAND_NAMES.includes(command);
  const meant = isClients ? `leat client ${command}?` : "leat server or leat client;";
  say(STDERR, `leat: ${what}: ${meant} leat --help tells more\n`);
  return EXIT.usage;
}

/** An error that no code expected. LEAT_DEBUG=1 prints its stack. */
function crash(thrown: unknown): never {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const text = process.env.LEAT_DEBUG ? (error.stack ?? error.message) : error.message;
  say(STDERR, `leat: a defect, please report it: ${text} (INTERNAL)\n`);
  process.exit(1);
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
if (Bun.isMainThread) process.exit(await main(process.argv.slice(2)));
else await child();
