/**
 * The work of reading from one peer. To send a frame costs the peer next to nothing: so each one is
 * counted, ignored ones too, and the peer gets a bounded share of each turn of the event loop. The
 * unit is one small frame.
 */
import { LeatError } from "../errors.ts";
import {
  IGNORED_FRAMES,
  LEAST_DATA,
  PAID_FRAMES,
  TURN_REQUESTS,
  TURN_SHARE,
  WORK_BYTES,
} from "../limits.ts";

/** Of a request, for which the disk or a thread works. */
const REQUEST_WORK = TURN_SHARE / TURN_REQUESTS;

/** Of a hole: a system call on a thread. */
const HOLE_WORK = REQUEST_WORK / 2;

/** A frame in an unusual form takes this many times as long: 3 us the shortest. */
const SLOW = 8;

export class Share {
  /** Of this turn; endless until `renew` is called for the first time. */
  #left = Number.POSITIVE_INFINITY;
  #given = Number.POSITIVE_INFINITY;
  /** Frames that were ignored, less those that meaningful frames have paid for. */
  #ignored = 0;
  /** Credit of streams that have ended: their Data may still be on its way. */
  #trailing = 0;
  /** Bytes sent on streams that have ended: credit for them may be on its way. */
  #owed = 0;

  /** The turn's share is used up: the rest is read in the next one. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** A turn begins. */
  renew(share = TURN_SHARE): void {
    this.#given = share;
    this.#left = share;
  }

  /** Work done in this turn. */
  get spent(): number {
    return this.#given - this.#left;
  }

  /**
   * A piece was read.
   * @param decoded bytes of whole frames that were decoded for it
   * @param slowly as many of them as came in an unusual form
   */
  read(decoded: number, slowly: number): void {
    this.#left -= 1 + (decoded + SLOW * slowly) / WORK_BYTES;
  }

  requested(): void {
    this.#left -= REQUEST_WORK;
  }

  /** A hole came: it costs the peer nothing, and the disk a system call. */
  hole(): void {
    this.#left -= HOLE_WORK;
  }

  /** A frame was not ignored: that pays for some that were. */
  useful(): void {
    if (this.#ignored > 0) this.#ignored = Math.max(0, this.#ignored - PAID_FRAMES);
  }

  /**
   * A stream ended: frames of it may still be on their way.
   * @param credit bytes that may come @param owed bytes that were sent, and not granted again
   */
  ended(credit: number, owed: number): void {
    this.#trailing += credit;
    this.#owed += owed;
  }

  /** Data came for a stream that has ended. @throws as `ignore` */
  trailing(length: number): void {
    const granted = length <= this.#trailing;
    if (granted) this.#trailing -= length;
    if (!granted || length < LEAST_DATA) this.ignore(length);
  }

  /** Credit came for a stream that has ended. @param length of its frame @throws as `ignore` */
  granted(bytes: number, length: number): void {
    const owed = bytes <= this.#owed;
    if (owed) this.#owed -= bytes;
    if (!owed || bytes < LEAST_DATA) this.ignore(length);
  }

  /** A frame was ignored. @throws PROTOCOL_ERROR when they are too many */
  ignore(bytes: number): void {
    this.#ignored += 1 + Math.floor(bytes / LEAST_DATA);
    if (this.#ignored <= IGNORED_FRAMES) return;
    throw new LeatError(
      "PROTOCOL_ERROR",
      `more than ${IGNORED_FRAMES} frames came that ask for nothing: empty ones, unknown ones, or for streams that have ended`,
    );
  }
}
