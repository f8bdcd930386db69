/** One file, from an empty one to one that fits into no memory: all holes, so it takes no room. */
import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GetAnswer } from "../fixtures/leat-reader.ts";
import { MiB } from "../../src/limits.ts";
import { progress, sizeText } from "../support/figures.ts";
import { ClientProcess, ServerProcess } from "../support/processes.ts";
import type { Stage } from "./stage.ts";

/** Moved first, and not counted: code gets compiled, buffers are made. */
const WARM = 64 * MiB;

/** Verified by the client block by block, and thrown away. */
export async function ofSize({ scratch, samples }: Stage, size: number): Promise<void> {
  if (size > 8 * WARM) progress(`a file of ${sizeText(size)}`);
  const fileOf = (bytes: number): string => {
    const name = `hole-${bytes}`;
    const path = join(scratch.library, name);
    if (!existsSync(path)) writeFileSync(path, "");
    truncateSync(path, bytes);
    return name;
  };
  const [warm, name] = [fileOf(WARM), fileOf(size)];
  await using server = await ServerProcess.leat(scratch.library);
  await using reader = ClientProcess.start("leat-reader", server.port);
  await reader.ask(`get ${warm}`);
  const { milliseconds, bytes } = JSON.parse(await reader.ask(`get ${name}`)) as GetAnswer;
  if (bytes !== size) throw new Error(`${bytes} bytes came, and not ${size}`);
  const key = { suite: "growth", work: "download a file", axis: "file size", at: size };
  const leat = { ...key, who: "leat" };
  samples.take({ ...leat, measure: "duration" }, milliseconds);
  if (size >= MiB) samples.take({ ...leat, measure: "throughput" }, size / 1e3 / milliseconds);
  samples.take({ ...key, who: "leat server", measure: "memory" }, server.peakRss / MiB);
  samples.take({ ...key, who: "leat client", measure: "memory" }, reader.peakRss / MiB);
}
