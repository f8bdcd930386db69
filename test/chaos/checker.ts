/** What must hold after a chaos run, whatever happened in it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Call, History } from "./history.ts";
import { type Digest, digestOf } from "./versions.ts";

/** One thing that must not be. */
export interface Violation {
  readonly what: "lost" | "spliced" | "wrong" | "visible" | "stuck" | "leaked" | "broken";
  readonly text: string;
}

export interface Outcome {
  readonly history: History;
  /** What was sent, whole. */
  readonly sent: ReadonlySet<Digest>;
  /** Files of the library, by name. */
  readonly files: ReadonlyMap<string, Digest>;
  /** What a client lists at last, hidden names included. */
  readonly listed: readonly string[];
  /** Folders that clients have saved to. */
  readonly local: string;
  /** Partial files that the server keeps. */
  readonly partials: number;
  /** What was asked for may have arrived as something else: only whole versions are certain. */
  readonly garbled: boolean;
}

/** Files in a folder, hidden folders left out. */
export function filesIn(folder: string): Map<string, Digest> {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(entries.map(({ name }) => [name, digestOf(readFileSync(join(folder, name)))]));
}

export function check(outcome: Outcome): Violation[] {
  return [
    ...wholeness(outcome),
    ...visibility(outcome),
    ...leftovers(outcome),
    ...(outcome.garbled ? [] : order(outcome)),
  ];
}

/** Every file is a version that was sent whole, and every download gave one. */
function* wholeness({ history, sent, files, local }: Outcome): Generator<Violation> {
  for (const [name, digest] of files) {
    if (sent.has(digest)) continue;
    yield { what: "spliced", text: `${name} in the library is ${digest}, which nobody sent` };
  }
  for (const { client, step, ending } of history.calls) {
    if (ending?.how !== "done" || ending.found === undefined || sent.has(ending.found)) continue;
    const name = "name" in step ? step.name : "";
    yield {
      what: "spliced",
      text: `client ${client} got ${ending.found} as ${name}: nobody sent it`,
    };
  }
  for (const folder of readdirSync(local)) {
    for (const [name, digest] of filesIn(join(local, folder))) {
      if (name.startsWith(".") || sent.has(digest)) continue;
      yield { what: "spliced", text: `client ${folder} has ${digest} as ${name}: nobody sent it` };
    }
  }
}

/** What is listed is what is there, and nothing else: no partial. */
function* visibility({ files, listed }: Outcome): Generator<Violation> {
  const there = [...files.keys()].toSorted();
  if (JSON.stringify(listed.toSorted()) === JSON.stringify(there)) return;
  yield {
    what: "visible",
    text: `listed are ${listed.join(" ")}, and there are ${there.join(" ")}`,
  };
}

/** Only what was interrupted leaves something to go on with. */
function* leftovers({ history, local, partials }: Outcome): Generator<Violation> {
  const interrupted = (kind: "put" | "get"): Call[] =>
    history.calls.filter(
      ({ step, ending }) =>
        step.do === kind &&
        (ending === undefined || ending.how === "failed") &&
        !("memory" in step),
    );
  const uploads = interrupted("put").length;
  if (partials > uploads) {
    yield { what: "leaked", text: `${partials} partial files of ${uploads} interrupted uploads` };
  }
  const hidden = readdirSync(local, { recursive: true })
    .map((path) => String(path).split("/").at(-1)!)
    .filter((name) => name.startsWith(".") && !name.endsWith(".sums"));
  const downloads = interrupted("get").length;
  if (hidden.length > downloads) {
    yield {
      what: "leaked",
      text: `${hidden.join(" ")}: partial files of ${downloads} interrupted downloads`,
    };
  }
}

/** Nothing that was acknowledged is lost, nothing is seen that cannot have been there. */
function* order(outcome: Outcome): Generator<Violation> {
  const { history, files } = outcome;
  for (const name of new Set([...history.names, ...files.keys()])) {
    const digest = files.get(name);
    const seen = digest === undefined ? ({ absent: true } as const) : { digest };
    if (history.allows(name, seen)) continue;
    const what = digest === undefined ? "lost" : "wrong";
    yield { what, text: `${name} is ${digest ?? "not there"} in the end\n${told(history, name)}` };
  }
  for (const name of history.doubled()) {
    yield { what: "lost", text: `${name} was received twice as new\n${told(history, name)}` };
  }
  for (const call of history.calls) yield* seenBy(call, history);
}

function* seenBy(
  { client, step, start, end, ending }: Call,
  history: History,
): Generator<Violation> {
  const wrong = (name: string, what: string): Violation => ({
    what: "wrong",
    text: `client ${client} saw ${name} ${what}\n${told(history, name)}`,
  });
  const allows = (name: string, seen: Parameters<History["allows"]>[1]): boolean =>
    history.allows(name, seen, start, end);
  if (ending?.how === "failed" && "name" in step) {
    if (ending.code === "NOT_FOUND" && !allows(step.name, { absent: true })) {
      yield wrong(step.name, "missing");
    }
    const name = step.do === "rename" ? step.to : step.name;
    if (ending.code === "ALREADY_EXISTS" && !allows(name, { some: true }))
      yield wrong(name, "taken");
  }
  if (ending?.how !== "done") return;
  if (step.do === "get" && !allows(step.name, { digest: ending.found! })) {
    yield wrong(step.name, `as ${ending.found}`);
  }
  if (step.do !== "list") return;
  const entries = new Map(ending.entries);
  const names = ending.entries!.map(([name]) => name);
  if (names.join("/") !== [...entries.keys()].toSorted().join("/")) {
    yield { what: "wrong", text: `client ${client} has a list out of order: ${names.join(" ")}` };
  }
  for (const name of new Set([...history.names, ...names])) {
    const size = entries.get(name);
    if (allows(name, size === undefined ? { absent: true } : { size })) continue;
    yield wrong(name, size === undefined ? "missing in a list" : `in a list, of ${size} bytes`);
  }
}

/** What was done to a name. */
function told({ calls }: History, name: string): string {
  const first = calls[0]?.start ?? 0;
  return calls
    .filter(
      ({ step }) => ("name" in step && step.name === name) || ("to" in step && step.to === name),
    )
    .map(({ client, step, start, end, ending }) => {
      const times = `${(start - first).toFixed(1)} to ${(end - first).toFixed(1)} ms`;
      return `    client ${client}, ${times}: ${JSON.stringify(step)}: ${JSON.stringify(ending)}`;
    })
    .join("\n");
}
