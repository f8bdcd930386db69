import { crc32Join, crc32OfZeros } from "../crc32.ts";
import { LeatError } from "../errors.ts";
import { crc32, createSha256 } from "../hash.ts";
import { COMPARE_TRIES } from "../limits.ts";
import { isComparable } from "../transfer/compare.ts";
import { readInTurns } from "../transfer/read-in-turns.ts";
import type { Algorithm, Checksum } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

/** A digest of a whole file; of one that is touched meanwhile, and perhaps changed, once more. */
export async function checksum(request: Checksum, exchange: Exchange): Promise<void> {
  for (let tries = 1; !exchange.ended; tries += 1) {
    using source = await exchange.store.open(request.path, "checksum");
    const summing = start(request.algorithm);
    const take = (bytes: Uint8Array): void => summing.update(bytes);
    await readInTurns(source, { offset: 0 }, take, () => exchange.ended, summing.zeros);
    if (exchange.ended) return;
    if ((await source.currentVersion()) === source.entry.version) {
      const digest = summing.digest();
      return exchange.respond({ case: "checksum", value: { digest, entry: source.entry } });
    }
    if (tries === COMPARE_TRIES || !isComparable(source)) {
      throw new LeatError("CHANGED", `${request.path} changed while it was summed`);
    }
  }
}

interface Summing {
  update(bytes: Uint8Array): void;
  /** Takes zeros in place of bytes; missing where every byte counts. */
  readonly zeros?: (length: number) => void;
  digest(): Uint8Array;
}

function start(algorithm: Algorithm): Summing {
  switch (algorithm) {
    case "SHA256":
      return createSha256();
    case "CRC32": {
      let crc = 0;
      return {
        update: (bytes) => void (crc = crc32(bytes, crc)),
        zeros: (length) => void (crc = crc32Join(crc, crc32OfZeros(length), length)),
        digest: () => Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc),
      };
    }
    default:
      throw new LeatError("INVALID_ARGUMENT", "no checksum algorithm that is known here was named");
  }
}
