/** Fingerprints of certificates: SHA-256 of the whole certificate, as browsers and openssl show it. */
import { LeatError } from "../errors.ts";

const BYTES = 32;

/**
 * Reads `sha256:` with 64 hexadecimal digits, also with colons between them, or with base64.
 * @param name of the option, for messages
 * @returns 64 hexadecimal digits
 * @throws INVALID_ARGUMENT
 */
export function parsePin(text: string, name = "tls.pin"): string {
  const digest = /^sha256:(.+)$/is.exec(text.trim())?.[1] ?? "";
  const digits = digest.replaceAll(":", "");
  if (/^[0-9a-f]{64}$/i.test(digits)) return digits.toLowerCase();
  const bytes = /^[A-Za-z0-9+/]{43}=?$/.test(digest) ? Buffer.from(digest, "base64") : undefined;
  if (bytes?.length === BYTES) return bytes.toHex();
  throw new LeatError(
    "INVALID_ARGUMENT",
    `${name} is ${JSON.stringify(text.slice(0, 100))}; it should be sha256: and 64 hexadecimal digits, or 44 characters of base64`,
  );
}

/** @param digits as `fingerprint256` of the runtime: hexadecimal, with colons */
export function pinOf(digits: string): string {
  return `sha256:${digits.replaceAll(":", "").toLowerCase()}`;
}
