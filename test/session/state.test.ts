import { describe, expect, test } from "bun:test";
import {
  type Side,
  type StreamFrame,
  type StreamState,
  TRANSITIONS,
  opened,
  step,
} from "../../src/session/state.ts";
import { type End, Pair } from "../support/pair.ts";
import { BODIES, STREAM_FRAMES, request } from "./bodies.ts";
import { HOLES } from "../../src/wire/features.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { refusal } from "../wire/refusal.ts";

type Move = readonly [side: Side, frame: StreamFrame];

const STATES = Object.keys(TRANSITIONS) as StreamState[];
const OPERATIONS = ["stat", "list", "get", "put", "putTree"] as const;
const MOVES: readonly Move[] = (["client", "server"] as const).flatMap((side) =>
  STREAM_FRAMES.map((frame) => [side, frame] as const),
);

describe("the table is the language of the protocol", () => {
  /** One letter a frame: what the server sends is small, what the client sends is large. */
  const LETTERS: Readonly<Record<string, Move>> = {
    a: ["server", "response"],
    d: ["server", "data"],
    c: ["server", "credit"],
    r: ["server", "resend"],
    e: ["server", "finish"],
    p: ["server", "receipt"],
    f: ["server", "failure"],
    D: ["client", "data"],
    C: ["client", "credit"],
    R: ["client", "resend"],
    E: ["client", "finish"],
    X: ["client", "cancel"],
  };

  /** A transfer behind its Cancel: whatever was on its way, and one end. */
  const Z = "X[adcr]*[epf]";
  /** Everything of an upload is there: Data may follow only a Resend, and credit is idle. */
  const COMPLETE = `[Dcr]*(p|f|${Z})`;
  const LANGUAGE = {
    stat: /^X?[af]$/,
    list: new RegExp(`^(f|${Z}|a+(e|f|${Z}))$`),
    get: new RegExp(`^C*(f|${Z}|a[CRd]*(e|f|${Z}))$`),
    put: new RegExp(`^[Dc]*(p|f|${Z}|Ec*(p|f|${Z}|a${COMPLETE})|a[Dcr]*(p|f|${Z}|E${COMPLETE}))$`),
    putTree: new RegExp(`^(f|${Z}|a[DCdc]*(f|${Z}|E[Cdc]*(e|f|${Z})))$`),
  } as const;

  const walk = (operation: (typeof OPERATIONS)[number], word: string): StreamState | undefined => {
    let state: StreamState | undefined = opened(operation);
    for (const letter of word) state = state && step(state, ...LETTERS[letter]!);
    return state;
  };

  test.each(OPERATIONS)("of %s: every exchange of up to 5 frames", (operation) => {
    const letters = Object.keys(LETTERS);
    const language = LANGUAGE[operation];
    let complete = 0;
    let words = [""];
    for (let length = 1; length <= 5; length++) {
      words = words.flatMap((word) => letters.map((letter) => word + letter));
      for (const word of words) {
        const ended = walk(operation, word) === "ended";
        if (ended) complete++;
        if (ended !== language.test(word)) expect({ word, ended }).toEqual({ word, ended: !ended });
      }
    }
    expect(complete).toBeGreaterThan(2);
  });
});

/** How each state is reached by the shortest way. */
const WAYS: ReadonlyMap<StreamState, { operation: (typeof OPERATIONS)[number]; moves: Move[] }> =
  (() => {
    const ways = new Map<StreamState, { operation: (typeof OPERATIONS)[number]; moves: Move[] }>();
    for (const operation of OPERATIONS) ways.set(opened(operation), { operation, moves: [] });
    for (const [state, { operation, moves }] of ways) {
      for (const move of MOVES) {
        const next = step(state, ...move);
        if (next === undefined || ways.has(next)) continue;
        ways.set(next, { operation, moves: [...moves, move] });
      }
    }
    return ways;
  })();

test("every state of the table is reached", () => {
  expect([...WAYS.keys()].toSorted()).toEqual(STATES.toSorted());
});

const ends = (pair: Pair, side: Side): { sender: End; receiver: End } => {
  const other = side === "client" ? "server" : "client";
  return { sender: pair[side], receiver: pair[other] };
};

const move = (pair: Pair, [side, frame]: Move): void => {
  const { sender, receiver } = ends(pair, side);
  sender.session.send(1, BODIES[frame], sender.now);
  receiver.give(sender.take());
};

const DECIDED = new Set<StreamState>([
  "unary",
  "unary-cancelled",
  "cancelled",
  "put-finished",
  "put-complete",
  "put-tree-finished",
]);

const stateOf = (end: End): StreamState => end.session.streams.get(1)?.state ?? "ended";

describe.each([...WAYS])("in state %s", (state, way) => {
  const arrive = (): Pair => {
    const pair = Pair.open({ client: { features: [HOLES] }, server: { features: [HOLES] } });
    pair.client.session.open(request(way.operation).value, 0);
    pair.exchange();
    for (const made of way.moves) move(pair, made);
    pair.client.events.length = pair.server.events.length = 0;
    return pair;
  };
  const moves = (allowed: boolean): Move[] =>
    MOVES.filter((made) => (step(state, ...made) !== undefined) === allowed);

  test("both sides see the same state", () => {
    const pair = arrive();
    expect([stateOf(pair.client), stateOf(pair.server)]).toEqual([state, state]);
  });

  if (state === "ended") {
    test.each(MOVES)("what the %s sends (%s) is dropped, and sends nothing", (side, frame) => {
      const pair = arrive();
      const { sender, receiver } = ends(pair, side);
      sender.session.send(1, BODIES[frame], 0);
      expect(sender.take()).toBeEmpty();
      expect(receiver.give(encodeFrame(1, BODIES[frame]))).toEqual([]);
      expect(receiver.take()).toBeEmpty();
    });
    return;
  }

  test.each(moves(true))("the %s may send %s, and both sides step", (side, frame) => {
    const pair = arrive();
    move(pair, [side, frame]);
    const next = step(state, side, frame)!;
    expect([stateOf(pair.client), stateOf(pair.server)]).toEqual([next, next]);
    const failures = [...pair.client.events, ...pair.server.events].filter(
      (event) => event.type === "failure" || event.type === "closed",
    );
    expect(failures).toHaveLength(frame === "failure" && !state.includes("cancelled") ? 1 : 0);
  });

  test.each(moves(false))("the %s may not send %s: neither accepts it", (side, frame) => {
    const pair = arrive();
    const { sender, receiver } = ends(pair, side);
    refusal("INTERNAL", () => sender.session.send(1, BODIES[frame], 0));
    const events = receiver.give(encodeFrame(1, BODIES[frame]));
    if (side === "client" && DECIDED.has(state)) {
      // The client has said all: what the server makes of it is the answer.
      expect(events).toEqual([]);
      expect(stateOf(receiver)).toBe(state);
      return expect(receiver.take()).toBeEmpty();
    }
    const { error } = events.find((event) => event.type === "failure")!;
    expect(error.code).toBe("PROTOCOL_ERROR");
    expect(error.message).toContain(state);
    // Only this stream is over: a client gives it up, a server ends it.
    expect(receiver.session.phase).toBe("open");
    expect(stateOf(receiver)).toBe(
      side === "client" ? "ended" : state.startsWith("unary") ? "unary-cancelled" : "cancelled",
    );
  });
});
