/** What one stream takes of its server, its address and its user; all is given back together. */
import { LeatError } from "../../errors.ts";
import { RETRY_AFTER } from "../../limits.ts";
import type { Budget } from "./budget.ts";
import type { Seat } from "./shares.ts";

/** The seats of a connection. */
export interface Seats {
  /** Missing: it comes over no network. */
  readonly address: Seat | undefined;
  /** Missing: the server has no users. */
  readonly user: Seat | undefined;
}

export class Reservation implements Disposable {
  readonly #files: Budget;
  readonly #seats: Seats;
  /** Open files. */
  #descriptors = 0;
  /** Of the seats: one at least. */
  #streams = 0;

  /** @param files descriptors of the server */
  constructor(files: Budget, seats: Seats) {
    this.#files = files;
    this.#seats = seats;
  }

  /** The stream begins. @throws RESOURCE_EXHAUSTED */
  begin(descriptors: number): void {
    const { address, user } = this.#seats;
    const streams = Math.max(1, descriptors);
    if (address?.take(streams) === false) throw tooMany("this address", "address", address);
    if (user?.take(streams) === false) {
      address?.give(streams);
      throw tooMany("this user", "user", user);
    }
    this.#streams = streams;
    if (!this.#files.take(descriptors)) {
      throw refused("the server has as many files open as it may; try again later");
    }
    this.#descriptors = descriptors;
  }

  /** Takes further files. @returns how many, up to `most` */
  more(most: number): number {
    for (let count = most; count >= 1; count = Math.floor(count / 2)) {
      if (this.#take(count)) return count;
    }
    return 0;
  }

  #take(count: number): boolean {
    const { address, user } = this.#seats;
    if (!this.#files.take(count)) return false;
    if (address?.take(count) !== false) {
      if (user?.take(count) !== false) {
        this.#descriptors += count;
        this.#streams += count;
        return true;
      }
      address?.give(count);
    }
    this.#files.give(count);
    return false;
  }

  /** Everything that it took is closed. */
  [Symbol.dispose](): void {
    const { address, user } = this.#seats;
    if (this.#streams > 0) {
      address?.give(this.#streams);
      user?.give(this.#streams);
    }
    this.#files.give(this.#descriptors);
    this.#descriptors = 0;
    this.#streams = 0;
  }
}

function tooMany(who: string, what: "address" | "user", { cap }: Seat): LeatError {
  return refused(
    `${who} has as many of its ${cap.streams} streams and files open as this request leaves room for; ` +
      `try again when others are done (--max-streams-per-${what} of the server)`,
  );
}

function refused(message: string): LeatError {
  return new LeatError("RESOURCE_EXHAUSTED", message, { retryAfter: RETRY_AFTER });
}
