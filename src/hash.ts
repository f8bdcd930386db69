/**
 * Checksums, digests and random bytes, by the functions the runtime has built in. The same from
 * node:crypto and node:zlib cost a command 17 ms of its start-up, for the streams that come with them.
 */

/** CRC-32 (IEEE 802.3) of `bytes` behind bytes whose CRC is `before` (0: none). */
export function crc32(bytes: Uint8Array, before = 0): number {
  return Bun.hash.crc32(bytes, before);
}

export interface Hash {
  update(bytes: Uint8Array | string): void;
  /** Asked once. */
  digest(): Buffer;
}

/** @param key makes it an HMAC (RFC 2104) */
export function createSha256(key?: Uint8Array): Hash {
  return new Bun.CryptoHasher("sha256", key as Buffer | undefined);
}

/** The SHA-256 of `text` in UTF-8: 32 bytes. */
export function sha256(text: string): Buffer {
  return Bun.CryptoHasher.hash("sha256", text);
}

/** Bytes that cannot be guessed. */
export function randomBytes(length: number): Buffer {
  return crypto.getRandomValues(Buffer.alloc(length));
}
