/** Tokens: 256 random bits, of which the server keeps the SHA-256 only. */
import { randomBytes, sha256 } from "../../hash.ts";

/** Shows what it is, to people and to programs that look for secrets in the wrong places. */
const PREFIX = "leat_";

const BYTES = 32;

export function createToken(): string {
  return PREFIX + randomBytes(BYTES).toString("base64url");
}

/** In hexadecimal, as the users file has it. */
export function tokenHash(token: string): string {
  return sha256(token).toString("hex");
}
