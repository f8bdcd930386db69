/** The arrival of a client: who it is, and whether it is admitted. */
import type { Connection } from "../../connection/connection.ts";
import { LeatError } from "../../errors.ts";
import type { Hello } from "../../wire/gen/messages.ts";
import type { Guest } from "../host/guests.ts";
import type { Host } from "../host/host.ts";
import { LOGIN_REFUSED } from "../log/folded-log.ts";

export interface Arriving {
  readonly connection: Connection;
  /** Called once, when `guest` is there. */
  onAdmitted(): void;
}

export class Arrival implements Disposable {
  readonly #host: Host;
  readonly #peer: Arriving;
  #guest: Guest | undefined;

  constructor(host: Host, peer: Arriving) {
    this.#host = host;
    this.#peer = peer;
  }

  get guest(): Guest | undefined {
    return this.#guest;
  }

  /** Its first frame: nothing behind that is read before the decision. */
  hello({ credentials, agent }: Hello): void {
    const { guests, log } = this.#host;
    const { peer, identity, isPrivate } = this.#peer.connection;
    log[identity === undefined ? "debug" : "info"]({ peer, identity, agent }, "hello");
    try {
      const isOver = (): boolean => this.#isOver;
      const guest = guests.admit({ credentials, identity, isPrivate, peer, isOver });
      if (!(guest instanceof Promise)) return this.#admit(guest);
      guest.then(
        (admitted) => this.#admit(admitted),
        (thrown: unknown) => this.#refuse(thrown),
      );
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** The users have changed: a client that is no longer as it was has to come again. */
  check(): void {
    if (this.#guest === undefined || this.#host.guests.isCurrent(this.#guest)) return;
    const message = "the rights or the credentials of this user were changed; connect again";
    this.#peer.connection.refuse(new LeatError("UNAVAILABLE", message));
  }

  [Symbol.dispose](): void {
    this.#guest?.[Symbol.dispose]();
  }

  /** Its deadline has passed, or it has left. */
  get #isOver(): boolean {
    return this.#peer.connection.phase !== "open";
  }

  #admit(guest: Guest): void {
    if (this.#isOver) return guest[Symbol.dispose]();
    this.#guest = guest;
    const { user } = guest;
    const { peer } = this.#peer.connection;
    const { log } = this.#host;
    if (user !== undefined) {
      log.info({ peer, user: user.name }, "login");
      log.audit({ peer, user: user.name }, "login");
    }
    this.#peer.onAdmitted();
  }

  #refuse(thrown: unknown): void {
    if (this.#isOver) return;
    const error = LeatError.from(thrown, "the credentials cannot be checked");
    const { peer } = this.#peer.connection;
    const level = error.code === "INTERNAL" ? "error" : "warn";
    const facts = { peer, code: error.code, why: error.message };
    this.#host.log[level](facts, LOGIN_REFUSED);
    this.#host.log.audit(facts, LOGIN_REFUSED);
    this.#peer.connection.refuse(error);
  }
}
