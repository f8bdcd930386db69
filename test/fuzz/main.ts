/** `bun run fuzz`: damaged frames, and damaged sequences of them, against both sides. Progress goes to standard error. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Finding, series } from "./series.ts";
import { TARGETS, type TargetName } from "./targets.ts";

const MINUTE = 60_000;
const FRAMES = 1_000_000;
const SEQUENCES = 10_000;

interface Options {
  readonly minutes?: number;
  readonly frames?: number;
  readonly sequences?: number;
  readonly seed?: number;
  readonly target?: TargetName;
  readonly keep: string;
  readonly again?: string;
}

function whole(text: string): number {
  const number = Number(text);
  if (!(Number.isSafeInteger(number) && number >= 0)) {
    throw new InvalidArgumentError("a whole number, 0 or more");
  }
  return number;
}

function minutes(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError("a number above 0");
  return number;
}

async function fuzz(options: Options): Promise<void> {
  if (options.again !== undefined) return again(options.again);
  const { seed = Math.floor(Math.random() * 2 ** 31), keep } = options;
  const isTimed = options.minutes !== undefined;
  const most = {
    frames: options.frames ?? (isTimed ? Infinity : FRAMES),
    sequences: options.sequences ?? (isTimed ? Infinity : SEQUENCES),
  };
  const names = (Object.keys(TARGETS) as TargetName[]).filter(
    (name) => options.target === undefined || name === options.target,
  );
  console.error(`seed ${seed} (bun run fuzz --seed ${seed} repeats it)`);
  let findings = 0;
  const onFinding = (finding: Finding): void => {
    findings += 1;
    console.error(`\n${finding.target}: ${finding.wrong}\nkept in ${kept(keep, finding)}`);
  };
  for (const event of ["unhandledRejection", "uncaughtException"] as const) {
    process.on(event, (thrown: unknown) =>
      onFinding({
        target: event,
        wrong: String(thrown instanceof Error ? thrown.stack : thrown),
        input: "",
      }),
    );
  }
  for (const name of names) {
    await using target = TARGETS[name]();
    const part = ((options.minutes ?? Infinity) * MINUTE) / names.length;
    const until = performance.now() + part;
    const count = most[target.unit];
    const onProgress = (tried: number): void => console.error(`${name}: ${tried} ${target.unit}`);
    const tried = await series(target, { seed, count, until, onFinding, onProgress });
    console.log(`${name}: ${tried} ${target.unit}, ${findings} findings so far`);
  }
  if (findings > 0) process.exitCode = 1;
}

/** @returns the path of the file: the name of the target, what is wrong in a comment, the input */
function kept(folder: string, { target, wrong, input }: Finding): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${Bun.hash(`${target}\n${wrong}\n${input}`).toString(16)}.txt`);
  const comment = wrong.split("\n").map((line) => `# ${line}`);
  writeFileSync(path, `${target}\n${comment.join("\n")}\n${input}\n`);
  return path;
}

/** Tries a kept input once more. */
async function again(path: string): Promise<void> {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const name = lines.shift() as TargetName;
  await using target = TARGETS[name]();
  const wrong = await target.try(lines.filter((line) => !line.startsWith("#")).join("\n"));
  console.log(`${name}: ${wrong ?? "nothing is wrong"}`);
  if (wrong !== undefined) process.exitCode = 1;
}

await new Command("fuzz")
  .description(
    "damaged frames and sequences of frames, against a server and a client; 1 where something is wrong",
  )
  .option("--minutes <N>", "as long as that, a part of it for each target", minutes)
  .option("--frames <N>", `single frames at most; ${FRAMES} unless --minutes is given`, whole)
  .option("--sequences <N>", `for each target; ${SEQUENCES} unless --minutes is given`, whole)
  .option("--seed <S>", "of the first case; the next ones follow from it", whole)
  .addOption(new Option("--target <NAME>", "only this one").choices(Object.keys(TARGETS)))
  .option("--keep <FOLDER>", "where the inputs of findings are written", ".fuzz")
  .option("--again <FILE>", "tries such an input once more")
  .action(fuzz)
  .parseAsync();
process.exit();
