/**
 * Reads whole files in the background. All that a process reads so take turns, and the event loop runs
 * between two pieces: many at once are slow, and do not hold up other work.
 */
import { BLOCK_SIZE, DATA_PAYLOAD } from "../limits.ts";
import { pause } from "../next-turn.ts";
import type { Source } from "../store/store.ts";

/** For the piece whose turn it is: one buffer, whatever the number of files. */
const PIECE = new Uint8Array(DATA_PAYLOAD);

/** Resolves when the last piece that was asked for is read, and the event loop has run. */
let last: Promise<void> = Promise.resolve();

/**
 * @param length in bytes; to the end of the file unless given
 * @param take given each piece in order: good until it returns
 * @param isOver whether the rest is not needed any more
 * @param takeZeros given the length of each long hole of the file in place of its zeros; missing: they are read
 * @returns bytes read: fewer than asked where the file ends, or `isOver`
 */
export async function readInTurns(
  source: Source,
  { offset, length = Number.POSITIVE_INFINITY }: { offset: number; length?: number },
  take: (bytes: Uint8Array) => void,
  isOver: () => boolean = () => false,
  takeZeros?: (length: number) => void,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const hole = takeZeros && source.holeAt?.(offset + done);
    if (hole !== undefined && hole >= BLOCK_SIZE) {
      const zeros = Math.min(hole, length - done);
      takeZeros?.(zeros);
      done += zeros;
      continue;
    }
    const piece = PIECE.subarray(0, Math.min(PIECE.length, length - done));
    const read = await inTurn(async () => {
      if (isOver()) return 0;
      await source.fetch?.(offset + done, piece.length);
      const count = await source.read(piece, offset + done);
      take(piece.subarray(0, count));
      return count;
    });
    if (read === 0) break;
    done += read;
  }
  return done;
}

/** Runs the piece behind all that were asked for before: of one file, or of many in turns. */
function inTurn(piece: () => Promise<number>): Promise<number> {
  const read = last.then(piece);
  last = read.then(
    (count) => (count > 0 ? pause() : undefined), // those given up take no turn
    () => {},
  );
  return read;
}
