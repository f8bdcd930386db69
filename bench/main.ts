/** `bun run bench`: measures, and reports. Progress goes to standard error. */
import { Command, CommanderError } from "commander";
import { basename } from "node:path";
import { report } from "./report/report.ts";
import { NotARun } from "./report/run.ts";
import { measure } from "./run.ts";
import { SUITES } from "./suites.ts";

const NAMES = Object.keys(SUITES);
const OUT = "bench/out";

const program = new Command("bench")
  .description("measures leat, its models and its peers, and draws what came out")
  .argument("[suite...]", `${NAMES.join(", ")}; all of them when none is named`)
  .option("--quick", "less of everything: five minutes for all, else 45", false)
  .option("--out <folder>", "where the report goes", OUT)
  .option("--name <name>", "of the run: NAME.json; quick or full when none is given")
  .addHelpText(
    "after",
    `
Examples:
  bun run bench --quick                       everything, in five minutes
  bun run bench transfer --name before        one suite, to compare with later
  bun run bench report ${OUT}/before.json  draws a run again
  bun run bench report ${OUT}/before.json ${OUT}/after.json
                                              the change of each figure

Leave the machine alone while it runs.`,
  )
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "bench: ")) })
  .action(async (suites: string[], options: { quick: boolean; out: string; name?: string }) => {
    const unknown = suites.filter((name) => !NAMES.includes(name));
    if (unknown.length > 0) {
      program.error(
        `bench: no suite ${unknown.join(", ")}; there are ${NAMES.join(", ")}, and report`,
      );
    }
    const name = options.name ?? (options.quick ? "quick" : "full");
    if (!/^[\w.-]+$/.test(name) || basename(name) !== name) {
      program.error(`bench: --name takes letters, digits, dots, dashes: not ${name}`);
    }
    const chosen = suites.length === 0 ? NAMES : NAMES.filter((one) => suites.includes(one));
    process.exitCode = await measure({ suites: chosen, ...options, name });
  });

program
  .command("report")
  .description("draws one run, or the change from one to another")
  .argument("<run>", "NAME.json of a run")
  .argument("[later]", "NAME.json of a later one")
  .option("--out <folder>", `where it goes (${OUT})`)
  .action(async (run: string, later: string | undefined, _: object, command: Command) => {
    const { out } = command.optsWithGlobals<{ out: string }>();
    await report(run, later, out);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof NotARun) {
    console.error(`bench: ${error.message}`);
    process.exitCode = 2;
  } else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else throw error;
}
// Handles that a failed suite has left open must not keep the process alive.
process.exit();
