import { createHash } from "node:crypto";
import { LeatError } from "../errors.ts";
import { DATA_PAYLOAD } from "../limits.ts";
import type { Source } from "../store/store.ts";
import { crc32 } from "../transfer/crc32.ts";
import type { Algorithm, Checksum } from "../wire/gen/messages.ts";
import type { Exchange } from "./exchange.ts";

interface Summing {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** A digest of a whole file, read in pieces with a look at the event loop between them. */
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
      const hash = createHash("sha256");
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
  const buffer = new Uint8Array(DATA_PAYLOAD);
  let position = 0;
  while (!exchange.ended) {
    const read = await source.read(buffer, position);
    if (read === 0) return;
    summing.update(buffer.subarray(0, read));
    position += read;
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}
