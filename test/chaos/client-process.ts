/**
 * Clients of a chaos run in a process that may be killed at any moment. Argument: what they do, as
 * JSON. Prints a line of JSON for each note, before anything else happens.
 */
import { writeSync } from "node:fs";
import { act, type Part } from "./actor.ts";
import { Versions } from "./versions.ts";

export interface ProcessPlan {
  readonly address: string;
  readonly parts: readonly Part[];
  readonly versions: string;
  readonly local: string;
}

if (import.meta.main) {
  const { address, parts, versions, local } = JSON.parse(process.argv[2]!) as ProcessPlan;
  const shared = new Versions(versions);
  const { signal } = new AbortController();
  const note = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);
  await Promise.all(
    parts.map((part) => act(part, { address, versions: shared, local, note, signal })),
  );
}
