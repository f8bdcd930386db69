/** A large file in each direction, over a connection that is cut again and again: what comes twice. */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { BLOCK_SIZE, MiB } from "../../src/limits.ts";
import { randomFrom } from "../support/chop.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { PLACE } from "./run.ts";
import { Serving } from "./serving.ts";

export interface CutOptions {
  /** Size of the file, in MiB. */
  readonly mib: number;
  readonly cuts: number;
  readonly seed: number;
}

export interface CutResult {
  readonly way: "download" | "upload";
  readonly cuts: number;
  /** Bytes received beyond the size of the file, the heads of frames included. */
  readonly beyond: number;
  readonly whole: boolean;
}

const PLAIN = { workers: 1, descriptors: 0, room: 0, readOnly: false };
/** Milliseconds that the client goes on trying while nothing moves. */
const RETRY = 30_000;

/** @returns whether each cut cost a block at most */
export async function cutTransfers(options: CutOptions): Promise<boolean> {
  let good = true;
  for (const way of ["download", "upload"] as const) {
    const result = await cutTransfer(way, options);
    const { beyond, cuts, whole } = result;
    const kept = isKept(result, options);
    good &&= kept;
    const most = (cuts * BLOCK_SIZE) / MiB;
    console.log(
      `${kept ? "ok    " : "FAILED"}  ${way} of ${options.mib} MiB, ${cuts} cuts: ` +
        `${(beyond / MiB).toFixed(1)} MiB received twice, at most ${most.toFixed(0)}; ` +
        `${whole ? "whole" : "NOT WHOLE"}`,
    );
  }
  if (!good) console.log(`again: bun run chaos cut --seed ${options.seed}`);
  return good;
}

/** The promise: whole, and a block for each cut at most. */
export function isKept({ beyond, cuts, whole }: CutResult, options: CutOptions): boolean {
  return whole && cuts === options.cuts && beyond <= cuts * BLOCK_SIZE;
}

export async function cutTransfer(
  way: CutResult["way"],
  { mib, cuts, seed }: CutOptions,
): Promise<CutResult> {
  using folder = new TemporaryFolder(PLACE);
  const [library, local] = [folder.folder("library"), folder.folder("local")];
  const [from, to] = way === "download" ? [library, local] : [local, library];
  const size = mib * MiB;
  makeFile(`${from}/big`, size);
  const serving = await Serving.start(library, PLAIN);
  try {
    const random = randomFrom(seed);
    // All of them come before the end of the file.
    const share = Math.floor(size / (cuts + 1));
    const places = Array.from(
      { length: cuts },
      () => share - random.below(Math.floor(share * 0.8)),
    );
    using proxy = new FaultProxy(serving.port, (connection) => {
      const place = places[connection];
      return place === undefined ? {} : { [way === "download" ? "cutDown" : "cutUp"]: place };
    });
    await using client = await connect(proxy.address, { retry: RETRY });
    if (way === "download") await client.download("big", `${to}/big`);
    else await client.put("big", Bun.file(`${from}/big`));
    const passed = way === "download" ? proxy.down : proxy.up;
    const whole = sameFiles(`${from}/big`, `${to}/big`, size);
    return { way, cuts: proxy.counts.cuts, beyond: passed - size, whole };
  } finally {
    const wrong = await serving.stop();
    for (const one of wrong) console.error(one);
  }
}

/** Mostly holes; no two blocks are the same. */
function makeFile(path: string, size: number): void {
  const fd = openSync(path, "wx");
  ftruncateSync(fd, size);
  for (let at = 0; at < size; at += BLOCK_SIZE) {
    writeSync(
      fd,
      new Float64Array([at + 1, Math.sqrt(at + 1)]),
      0,
      16,
      at + (((at / 977) % 60_000) | 0),
    );
  }
  closeSync(fd);
}

/** Removes the second on its way: there is no room for more of them. */
function sameFiles(one: string, other: string, size: number): boolean {
  const files = [openSync(one, "r"), openSync(other, "r")];
  const pieces = [Buffer.alloc(BLOCK_SIZE), Buffer.alloc(BLOCK_SIZE)];
  rmSync(other);
  try {
    for (let at = 0; at <= size; at += BLOCK_SIZE) {
      const [a, b] = files.map((fd, n) =>
        pieces[n]!.subarray(0, readSync(fd, pieces[n]!, 0, BLOCK_SIZE, at)),
      );
      if (!a!.equals(b!)) return false;
    }
    return true;
  } finally {
    files.forEach((fd) => closeSync(fd));
  }
}
