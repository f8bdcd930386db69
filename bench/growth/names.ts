/** Listing a folder of many files: the first page, all pages, and how long other clients wait meanwhile. */
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ListAnswer } from "../fixtures/leat-reader.ts";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { takeWaits, waits } from "../memory/neighbours.ts";
import { progress } from "../support/figures.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import type { Scratch } from "../support/processes.ts";
import type { Stage } from "./stage.ts";

/** Names of another folder that is listed first: code gets compiled on both sides. */
const WARM = 2000;

const STAT_PAUSE = 2;

/** With a server that has read none of it. */
export async function listing({ scratch, samples }: Stage, names: number): Promise<void> {
  const [warm, folder] = [folderOf(scratch, WARM), folderOf(scratch, names)];
  await using server = await ServerProcess.leat(scratch.library);
  await using reader = ClientProcess.start("leat-reader", server.port);
  await using neighbour = await connect(`127.0.0.1:${server.port}`);
  const list = async (path: string): Promise<ListAnswer> =>
    JSON.parse(await reader.ask(`list ${path}`)) as ListAnswer;
  const stat = async (): Promise<void> => void (await neighbour.stat(warm));
  await list(warm);
  await stat();
  server.forgetPeak();
  let going = true;
  const listed = list(folder).finally(() => (going = false));
  const all = await waits(() => going, STAT_PAUSE, stat);
  const { first, milliseconds, entries } = await listed;
  if (entries !== names) throw new Error(`${entries} entries came, and not ${names}`);
  const key = { suite: "growth", who: "leat", axis: "names", at: names };
  samples.take({ ...key, work: "the first page of a folder", measure: "duration" }, first);
  const whole = { ...key, work: "list a folder" };
  samples.take({ ...whole, measure: "entries" }, (entries / milliseconds) * 1000);
  samples.take({ ...whole, measure: "duration" }, milliseconds);
  samples.take({ ...whole, measure: "server memory" }, server.peakRss / MiB);
  takeWaits(samples, { ...key, work: "stat beside the listing of a folder" }, all);
}

/** A folder of empty files, made when it is first asked for. @returns its path in the library */
function folderOf(scratch: Scratch, names: number): string {
  const name = `names-${names}`;
  const path = join(scratch.library, name);
  if (existsSync(path)) return name;
  if (names >= 100_000) progress(`making ${names.toLocaleString("en")} files`);
  mkdirSync(path);
  for (let file = 0; file < names; file += 1) {
    closeSync(openSync(join(path, `file-${String(file).padStart(7, "0")}.txt`), "w"));
  }
  return name;
}

/** Before the scratch folder goes: a million files take some seconds. */
export function removeFolders({ scratch }: Stage): void {
  progress("removing the files");
  rmSync(scratch.library, { recursive: true });
}
