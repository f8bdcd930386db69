/**
 * Workers that are replaced under load: no transfer fails, every file is whole, and nobody who
 * connects meets a closed port. `LEAT_TEST_LONG=1` does it with more and larger files, 20 times.
 */
import { expect, test } from "bun:test";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { crc32 } from "node:zlib";
import { connect } from "../../src/index.ts";
import { MiB } from "../../src/limits.ts";
import { environment, SERVER, Written } from "../cli/support.ts";
import { SEED, seededRandom } from "../support/chop.ts";
import { contents } from "../support/contents.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { addressIn } from "../support/tls.ts";
import { flagsBeside, LONG } from "../support/ways.ts";

const CLIENTS = LONG ? 16 : 6;
const ROUNDS = LONG ? 20 : 2;
/** MiB. */
const SIZES = LONG ? [1, 4, 16, 64, 256] : [1, 3, 24];
/** So short that what is under way is cut, and goes on with the next worker. */
const DRAIN = LONG ? "1" : "0.05";
const WORKERS = 2;
/** Milliseconds that a client goes on trying while nothing moves. */
const RETRY = 30_000;

function sumOf(path: string): number {
  const file = openSync(path, "r");
  const buffer = new Uint8Array(MiB);
  let sum = 0;
  for (let read = 1; read > 0;) {
    read = readSync(file, buffer);
    sum = crc32(buffer.subarray(0, read), sum);
  }
  closeSync(file);
  return sum;
}

class Place implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly library = new TemporaryFolder(this.folder.path);
  readonly sums = new Map<number, number>();
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly log: Written;
  readonly #stdout: Written;

  constructor() {
    for (const size of SIZES) {
      const path = this.library.file(`${size}`, contents(size * MiB, SEED + size));
      this.sums.set(size, sumOf(path));
    }
    const flags = ["--port", "0", "--workers", `${WORKERS}`, "--drain", DRAIN];
    this.child = Bun.spawn([SERVER, "server", this.library.path, ...flags, ...flagsBeside(flags)], {
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.log = new Written(this.child.stderr);
    this.#stdout = new Written(this.child.stdout);
  }

  async address(): Promise<string> {
    return addressIn(await this.#stdout.until("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.exited;
    this.folder[Symbol.dispose]();
  }
}

/** Fetches and sends files until it is over. @returns how many */
async function move(place: Place, address: string, client: number, over: () => boolean) {
  const next = seededRandom(client).below;
  const at = (name: string): string => place.folder.at(`${name}-${client}`);
  await using leat = await connect(address, { retry: RETRY });
  let moved = 0;
  while (!over()) {
    const size = SIZES[next(SIZES.length)]!;
    const sum = place.sums.get(size)!;
    await leat.download(`${size}`, at("got"), { durability: "none" });
    expect(sumOf(at("got"))).toBe(sum);
    const receipt = await leat.put(`up-${client}`, Bun.file(at("got")), { ifExists: "replace" });
    expect(receipt.crc32).toBe(sum);
    expect(sumOf(place.library.at(`up-${client}`))).toBe(sum);
    rmSync(at("got"));
    moved += 2;
  }
  return moved;
}

/** New clients, one after another: each is served. @returns how many */
async function knock(address: string, over: () => boolean): Promise<number> {
  let served = 0;
  while (!over()) {
    await using leat = await connect(address, { retry: RETRY });
    expect((await leat.stat(`${SIZES[0]}`)).size).toBe(SIZES[0]! * MiB);
    served += 1;
  }
  return served;
}

test(
  `${ROUNDS} times all workers are replaced while ${CLIENTS} clients move files`,
  async () => {
    await using place = new Place();
    const address = await place.address();
    const stop = new AbortController();
    const over = (): boolean => stop.signal.aborted;
    const clients = Array.from({ length: CLIENTS }, (_, n) => move(place, address, n, over));
    const knocking = knock(address, over);
    // A failure ends the others, too.
    const failed = Promise.all([...clients, knocking]).catch((thrown: unknown) => {
      stop.abort();
      throw thrown;
    });
    failed.catch(() => {});
    for (let round = 0; round < ROUNDS && !over(); round += 1) {
      const before = place.log.text.length;
      place.child.kill("SIGUSR2");
      await place.log.until(`all workers are replaced replaced=${WORKERS}`, before);
    }
    stop.abort();
    const counts = await failed;
    if (LONG) console.log(`${counts.slice(0, -1).join(" ")} transfers, ${counts.at(-1)} visits`);
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(place.log.text).not.toContain("died");
    expect(place.child.exitCode).toBe(null);
  },
  LONG ? 1_200_000 : undefined,
);
