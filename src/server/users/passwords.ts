/**
 * Passwords, as argon2id. A check takes memory and a core for a while, on a thread of its own: few run at once,
 * some wait, and those of clients that have left are never begun.
 */
import { LeatError } from "../../errors.ts";
import { PASSWORD_CHECKS, PASSWORDS_WAITING, RETRY_AFTER } from "../../limits.ts";

/** OWASP's parameters: 19 MiB, two passes. All hashes have them, so that all checks take the same time. */
const COST = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

export const PASSWORD_HASH =
  /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{43}\$[A-Za-z0-9+/]{43}$/;

/** Of no password: the salt and the hash were drawn at random. A user that does not exist is checked with it. */
const NOBODY =
  "$argon2id$v=19$m=19456,t=2,p=1$Ta4kKFeoTeJWSvmwf5fb4P9/1ZFH4vhtIHLZ5Lrcow0" +
  "$k7rdSohqfjCTFuI/aB0/q3AqAm6wgY/IZARNMuYRz/E";

export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, COST);
}

export class PasswordChecks {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param hash undefined where there is none to compare with: it takes as long, and is wrong
   * @param check called when its turn has come; what it throws ends it
   * @throws RESOURCE_EXHAUSTED; what `check` throws
   */
  async isRight(password: string, hash: string | undefined, check: () => void): Promise<boolean> {
    await this.#turn();
    try {
      check();
      // Bun does not take an empty one.
      const isSame = await Bun.password.verify(password || " ", hash ?? NOBODY);
      return isSame && password !== "" && hash !== undefined;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < PASSWORD_CHECKS) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= PASSWORDS_WAITING) {
      const message = "too many passwords are being checked; try again later";
      throw new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
