import { LeatError } from "../errors.ts";
import { crc32, createSha256 } from "../hash.ts";
import { DATA_PAYLOAD } from "../limits.ts";
import type { Source } from "../store/store.ts";
import type { Algorithm, Checksum } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

interface Summing {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/**
 * A digest of a whole file, read in pieces. All checksums of a process take turns, and the event loop
 * is looked at between two pieces: many at once are slow, and hold up nobody else.
 */
export async function checksum(request: Checksum, exchange: Exchange): Promise<void> {
  using source = await exchange.store.open(request.path);
  const summing = start(request.algorithm);
  await sum(source, summing, exchange);
  if (exchange.ended) return;
  if ((await source.currentVersion()) !== source.entry.version) {
    throw new LeatError("CHANGED", `${request.path} changed while it was summed`);
  }
  const digest = summing.digest();
  exchange.respond({ case: "checksum", value: { digest, entry: source.entry } });
}

function start(algorithm: Algorithm): Summing {
  switch (algorithm) {
    case "SHA256": {
      const hash = createSha256();
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
    case "CRC32": {
      let crc = 0;
      return {
        update: (bytes) => void (crc = crc32(bytes, crc)),
        digest: () => Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc),
      };
    }
    default:
      throw new LeatError("INVALID_ARGUMENT", "no checksum algorithm that is known here was named");
  }
}

async function sum(source: Source, summing: Summing, exchange: Exchange): Promise<void> {
  let position = 0;
  let read: number;
  do {
    read = await inTurn(async () => {
      if (exchange.ended) return 0;
      await source.fetch?.(position, PIECE.length);
      const count = await source.read(PIECE, position);
      summing.update(PIECE.subarray(0, count));
      return count;
    });
    position += read;
  } while (read > 0);
}

/** For the piece whose turn it is: one buffer, whatever the number of checksums. */
const PIECE = new Uint8Array(DATA_PAYLOAD);

/** Resolves when the last piece that was asked for is summed, and the event loop has had its look. */
let last: Promise<void> = Promise.resolve();

/** Runs behind all that were asked for before: pieces of one file, or of many in turns. */
function inTurn(piece: () => Promise<number>): Promise<number> {
  const summed = last.then(piece);
  last = summed.then(
    (count) => (count > 0 ? lookAtLoop() : undefined), // those given up take no turn
    () => {},
  );
  return summed;
}

const lookAtLoop = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
