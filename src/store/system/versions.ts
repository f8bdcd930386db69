import { createSha256, sha256 } from "../../hash.ts";
import type { Facts } from "./facts.ts";

/** Bytes of the keyed hash that a version consists of, as 22 characters. */
const VERSION_BYTES = 16;

/**
 * Computes versions of files: opaque, so that a peer learns neither inode numbers nor how times are kept,
 * and cannot make one up.
 *
 * The key comes from the identity of the library folder, which outlives restarts and is the same in all
 * worker processes; nothing has to be written. The key need not be secret from local users, who can see
 * everything that a version hides. When the folder is moved to another disk, versions change, and an
 * interrupted transfer starts again, which is safe.
 */
export class Versions {
  readonly #key: Buffer;
  readonly #bytes = new Uint8Array(64);
  readonly #view = new DataView(this.#bytes.buffer);

  /** @param identity of the library: `identityOf` its folder */
  constructor(identity: string) {
    this.#key = sha256(`leat version\0${identity}`);
  }

  of(facts: Facts): string {
    const view = this.#view;
    view.setFloat64(0, facts.device);
    view.setUint32(8, facts.inodeHigh);
    view.setUint32(12, facts.inodeLow);
    view.setFloat64(16, facts.size);
    view.setFloat64(24, facts.modifiedSeconds);
    view.setUint32(32, facts.modifiedNanoseconds);
    view.setUint32(36, facts.changedNanoseconds);
    view.setFloat64(40, facts.changedSeconds);
    const hash = createSha256(this.#key);
    hash.update(this.#bytes);
    return hash.digest().toString("base64url", 0, VERSION_BYTES);
  }
}
