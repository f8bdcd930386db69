/** The sending half of a session: answers first, then Data of the streams in turn. */
import { LeatError } from "../errors.ts";
import type { Filled } from "../file-region.ts";
import { Controls } from "./controls.ts";
import { NO_ROOM, writeData } from "./data-writer.ts";
import type { Outgoing, BufferedPayload } from "./outgoing.ts";
import type { Session } from "./session.ts";
import type { Stream } from "./stream.ts";
import { Turns } from "./turns.ts";

export class Sender {
  readonly #session: Session;
  readonly #controls = new Controls();
  /** Streams that have something to send. */
  readonly #turns = new Turns<Stream>();
  /** Its region is sent behind the bytes of the last `fill`. */
  #copying: Stream | undefined;
  /** The ticket of the last Pong. */
  #pong = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Bytes of answers that wait to be sent. */
  get unsentControls(): number {
    return this.#controls.bytes;
  }

  /** Whether `fill` might have something. */
  get wantsToSend(): boolean {
    return this.#controls.bytes > 0 || this.#turns.size > 0 || this.#copying !== undefined;
  }

  /** Queues an encoded frame besides Data. */
  control(frame: Uint8Array): void {
    this.#controls.push(frame);
  }

  /** Queues a Pong. @throws PROTOCOL_ERROR while the one before is not sent */
  pong(frame: Uint8Array): void {
    if (!this.#controls.isSent(this.#pong)) {
      throw new LeatError("PROTOCOL_ERROR", "a second Ping came before the Pong to the first");
    }
    this.#pong = this.#controls.push(frame);
  }

  /** A stream has bytes to send, or is done. */
  offer(stream: Stream, outgoing: Outgoing, now: number): void {
    if (outgoing.done) this.#finish(stream, outgoing, now);
    else this.enqueue(stream);
  }

  /** A stream waits for its turn, unless it does already. */
  enqueue(stream: Stream): void {
    this.#turns.add(stream);
  }

  /** A stream sends nothing more. */
  forget(stream: Stream): void {
    this.#turns.remove(stream);
  }

  /** {@link Session.fill} */
  fill(into: Uint8Array, end: number, payloads: BufferedPayload[], now: number): Filled {
    this.#copied(now);
    let position = this.#controls.fill(into, 0, end);
    while (this.#controls.bytes === 0 && this.#copying === undefined) {
      const stream = this.#turns.first;
      if (stream === undefined) break;
      const behind = this.#fillFrom(stream, into, position, end, payloads, now);
      if (behind === NO_ROOM) break; // its turn is still the next
      // Nothing may stand between a head and its region.
      position = this.#copying === undefined ? this.#controls.fill(into, behind, end) : behind;
    }
    return { end: position, region: this.#copying?.region };
  }

  #fillFrom(
    stream: Stream,
    into: Uint8Array,
    at: number,
    end: number,
    payloads: BufferedPayload[],
    now: number,
  ): number {
    try {
      const { peerFrame, takesHoles } = this.#session;
      const behind = writeData(stream, into, at, end, peerFrame, payloads, takesHoles);
      if (behind === NO_ROOM) return NO_ROOM;
      this.#turns.remove(stream);
      const { outgoing } = stream;
      if (behind <= at || outgoing === undefined) return behind;
      stream.progress = now;
      if (stream.region === undefined) this.#goOn(stream, outgoing, now);
      else this.#copying = stream;
      return behind;
    } catch (thrown) {
      this.#turns.remove(stream);
      const error = LeatError.from(thrown, "reading the file to send failed");
      this.#session.abandon(stream, error, now);
      return at;
    }
  }

  /** The region was sent: only now is it known whether the file had all of it. */
  #copied(now: number): void {
    const stream = this.#copying;
    if (stream === undefined) return;
    this.#copying = undefined;
    stream.region = undefined;
    if (stream.outgoing !== undefined) this.#goOn(stream, stream.outgoing, now);
  }

  #goOn(stream: Stream, outgoing: Outgoing, now: number): void {
    if (outgoing.done || (outgoing.available > 0 && stream.send.credit > 0)) {
      this.offer(stream, outgoing, now);
    }
  }

  #finish(stream: Stream, outgoing: Outgoing, now: number): void {
    try {
      const finish = outgoing.finish();
      if (finish === undefined) return;
      this.#session.release(stream);
      this.#session.send(stream.id, { case: "finish", value: finish }, now);
    } catch (thrown) {
      const error = LeatError.from(thrown, "sending the file failed");
      this.#session.abandon(stream, error, now);
    }
  }
}
