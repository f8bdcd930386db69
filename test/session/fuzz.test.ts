/**
 * Whatever a peer sends, a session throws nothing: each frame is an event, dropped, or the end of a
 * stream or of the connection, told to the peer in frames that it can read.
 */
import { expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import { type FrameBodyInit, encodeFrame } from "../../src/wire/frame.ts";
import { chopAtRandom, join, seededRandom } from "../support/chop.ts";
import { LONG } from "../support/ways.ts";
import { End } from "../support/pair.ts";
import { BODIES, HELLO, WELCOME, Zeros, dataFrame, request } from "./bodies.ts";

const ROUNDS = LONG ? 5000 : 500;
const MOST_STREAMS = 4;
const random = seededRandom(105);
const gone = new LeatError("NOT_FOUND", "gone");

/** Frames that may be right where they stand; one in fifty is sure to be wrong. */
class AnyFrames {
  readonly #role: "client" | "server";
  #last = 0;

  /** @param role who says them */
  constructor(role: "client" | "server") {
    this.#role = role;
  }

  next(): Uint8Array {
    if (random.below(50) === 0) return this.#wrong();
    if (this.#role === "client" && (this.#last === 0 || random.below(5) === 0)) {
      this.#last += 1 + random.below(2);
      return encodeFrame(this.#last, request(random.pick(["get", "put", "put", "list", "stat"])));
    }
    // A client's streams are numbered by itself: from 1, some of them.
    const stream = 1 + random.below(this.#role === "client" ? this.#last : 3);
    if (random.below(3) === 0) {
      const payload = new Uint8Array(1 + random.below(3000));
      return dataFrame(stream, random.below(4) === 0 ? random.below(5000) : 0, payload);
    }
    return encodeFrame(stream, random.pick<FrameBodyInit>(Object.values(BODIES)));
  }

  #wrong(): Uint8Array {
    return encodeFrame(
      random.below(9) === 0 ? 0 : random.below(8),
      random.pick<FrameBodyInit>([
        request("get"),
        ...Object.values(BODIES),
        { case: "data", value: {} },
        { case: "credit", value: { bytes: 2 ** 53 - 1 } },
        { case: "ping", value: { nonce: random.below(3) } },
        { case: "pong", value: { nonce: random.below(3) } },
        { case: "goAway", value: { lastStream: random.below(8) } },
        HELLO,
      ]),
    );
  }
}

/** What a driver may do at any time. */
function anything(end: End): void {
  const { session } = end;
  const id = random.below(9);
  const act = random.below(9);
  const now = (end.now += random.below(50));
  const stream = session.streams.get(id);
  if (act === 0 && session.canOpen && session.role === "client") {
    const opened = session.open(request(random.pick(["get", "put", "stat"])).value, now);
    if (session.streams.get(opened)?.state === "put") {
      session.attach(opened, new Zeros(random.below(9000)), 0, now);
    }
  } else if (act === 1) session.fail(id, gone, now);
  else if (act === 2) session.consumed(id, stream?.receive.held ?? 0, now);
  else if (act === 3) session.ping(now);
  else if (act === 4) session.widen(id, random.below(1 << 20), now);
  else if (act === 5 && session.role === "server" && stream?.state === "get") {
    session.send(id, BODIES.response, now);
    session.attach(id, new Zeros(random.below(9000)), 0, now);
  } else if (act === 6 && session.role === "server" && stream?.state === "unary") {
    session.send(id, BODIES.response, now);
  } else if (act === 7 && random.below(10) === 0) session.goAway(gone);
  else end.said();
}

test.each(["server", "client"] as const)("a %s takes whatever comes", (role) => {
  let [open, closed, failures] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const answerLimit = random.below(2) === 0 ? 50 : Number.POSITIVE_INFINITY;
    const end = new End(role, { maxStreams: MOST_STREAMS, answerLimit });
    if (role === "client") {
      end.session.hello(end.now);
      for (const operation of ["get", "put", "get"] as const) {
        end.session.open(request(operation).value, end.now);
      }
      end.said();
    }
    const frames = [encodeFrame(0, role === "server" ? HELLO : WELCOME)];
    const peer = new AnyFrames(role === "server" ? "client" : "server");
    for (let i = random.below(25); i > 0; i--) frames.push(peer.next());
    const bytes = join(frames);
    // One byte wrong, once in a while.
    if (random.below(20) === 0) bytes[random.below(bytes.length)] = random.below(256);
    for (const chunk of chopAtRandom(bytes, random, 4000)) {
      end.give(chunk);
      if (random.below(2) === 0) anything(end);
      if (role === "server") expect(end.session.streams.size).toBeLessThanOrEqual(MOST_STREAMS);
    }
    // Until nothing is left in either direction: `said` fails on frames that can't be read.
    for (let i = 0; i < 200 && end.session.wantsToSend; i++) {
      end.said();
      end.read();
    }
    expect(end.session.wantsToSend).toBe(false);
    const types = end.events.map((event) => event.type);
    failures += types.filter((type) => type === "failure").length;
    const ends = types.filter((type) => type === "closed").length;
    expect(ends).toBeLessThanOrEqual(1);
    if (ends === 1) {
      closed++;
      expect([types.at(-1), end.session.phase, end.session.streams.size]).toEqual([
        "closed",
        "closing",
        0,
      ]);
    } else open++;
    end.session.close(gone);
    expect(end.session.streams.size).toBe(0);
  }
  // It was worth it: all three ways were gone.
  for (const count of [open, closed, failures]) expect(count).toBeGreaterThan(ROUNDS / 20);
});
