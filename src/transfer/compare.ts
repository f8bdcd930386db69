/**
 * Compares a file with the bytes that were read of it, when its version has changed for a reason that may
 * be harmless: another mode, another name, one more link.
 */
import { LeatError } from "../errors.ts";
import { COMPARE_TRIES } from "../limits.ts";
import type { Source } from "../store/store.ts";
import { Digest } from "./digest.ts";
import { readInTurns } from "./read-in-turns.ts";

/** A range of a file as it was read. */
export interface ReadBefore {
  readonly offset: number;
  readonly length: number;
  readonly crc32: number;
  readonly sha256: Uint8Array | undefined;
}

/** Whether a file whose version has changed may still have the bytes that were read of it. */
export function isComparable(source: Source): boolean {
  return source.comparableIn?.() !== undefined;
}

/**
 * Reads the range once more, of a file that is appended to: its version changes all the time.
 * @throws CHANGED where the bytes are others, or the file is shorter; errors of `read`
 */
export async function comparePart(
  source: Source,
  before: ReadBefore,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const digest = new Digest(before.sha256 !== undefined);
  await readInTurns(
    source,
    before,
    (bytes) => digest.update(bytes),
    () => signal.aborted,
    before.sha256 === undefined ? (length) => digest.zeros(length) : undefined,
  );
  if (digest.bytes !== before.length || !isSame(digest, before)) throw replaced(path);
}

/**
 * Reads the range once more.
 * @returns the version of which all the bytes are for sure
 * @throws CHANGED where they are others, or the file keeps changing; errors of `read`
 */
export async function compare(
  source: Source,
  before: ReadBefore,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  for (let tries = 0; tries < COMPARE_TRIES && !signal.aborted; tries += 1) {
    const version = await source.currentVersion();
    const wait = source.comparableIn?.();
    if (wait === undefined) throw replaced(path);
    if (wait > 0) {
      await pause(wait, signal);
      continue;
    }
    await comparePart(source, before, path, signal);
    // Else it was touched again while it was read.
    if ((await source.currentVersion()) === version) return version;
  }
  throw changed(path, "it does not lie still");
}

/** Resolves when the time is up, or the signal is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

function isSame(digest: Digest, { crc32, sha256 }: ReadBefore): boolean {
  if (digest.crc32 !== crc32) return false;
  const again = digest.sha256;
  return sha256 === undefined || (again !== undefined && Buffer.from(sha256).equals(again));
}

export function replaced(path: string): LeatError {
  return changed(path, "its contents were replaced");
}

export function changed(path: string, how: string): LeatError {
  return new LeatError("CHANGED", `${path} changed while it was sent: ${how}`);
}
