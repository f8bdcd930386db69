import { describe, expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import {
  ANSWER_LIMIT,
  CLOSE_DEADLINE,
  HELLO_DEADLINE,
  PING_AFTER,
  SERVER_SILENCE,
  TRANSFER_DEADLINE,
  WRITE_DEADLINE,
} from "../../src/limits.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { join } from "../support/chop.ts";
import { turns } from "../net/support.ts";
import { BODIES, HELLO, WELCOME, Zeros, dataFrame, request } from "../session/bodies.ts";
import { type Ends, TestRuntime, ends, greeted, welcomed } from "./support.ts";

const refused = new LeatError("UNAUTHENTICATED", "who are you?");
const codeOf = ({ diary }: Ends): string[] => diary.closed.map((error) => error.code);

describe("events", () => {
  test("are told one at a time: what an event leads to comes behind it", async () => {
    const { diary, raw } = await greeted();
    let depth = 0;
    let deepest = 0;
    diary.does = (event) => {
      if (event.type !== "request") return;
      deepest = Math.max(deepest, ++depth);
      diary.connection.send(event.stream, BODIES.response);
      diary.connection.attach(event.stream, new Zeros(0), 0);
      depth--;
    };
    // Empty files: each stream ends at once, so that the next one is accepted.
    raw.send(join(Array.from({ length: 2000 }, (_, i) => encodeFrame(i + 1, request("get")))));
    await turns(200); // a few of them in each
    expect(diary.ended).toHaveLength(2000);
    expect(deepest).toBe(1);
    expect(raw.cases()).toHaveLength(4000);
  });

  test("of a flood leave the event loop to others between a few of them, and none is lost", async () => {
    const { diary, raw } = await greeted();
    const seen: number[] = [];
    diary.does = (event) => {
      if (event.type === "request") diary.connection.send(event.stream, BODIES.response);
    };
    const flood = Array.from({ length: 100 }, (_, i) => encodeFrame(i + 1, request("stat")));
    raw.send(join(flood));
    raw.transport.shutdown();
    for (let turn = 0; turn < 40; turn += 1) {
      seen.push(diary.types.filter((type) => type === "request").length);
      await turns(1);
    }
    for (const [i, count] of seen.entries()) expect(count - (seen[i - 1] ?? 0)).toBeLessThan(33);
    expect(diary.ended).toHaveLength(100);
    expect(diary.types.at(-1)).toBe("end");
  });

  test("of an own failure come with the next ones", async () => {
    const { diary, raw } = await greeted();
    raw.frame(1, request("get"));
    await turns(2);
    diary.connection.send(1, BODIES.response);
    diary.connection.attach(1, new Zeros(0, { changes: true }), 0);
    expect(diary.types).toEqual(["request", "failure"]);
    expect(diary.ended).toEqual([1]);
    diary.connection.offer(1);
  });

  test("end with onClosed, once; streams are ended before", async () => {
    const made = await greeted();
    const { diary, raw, runtime } = made;
    raw.frame(1, request("stat"));
    raw.frame(2, request("put"));
    await turns(4);
    const source = new Zeros(100);
    diary.connection.attach(1, source, 0);
    raw.transport.close();
    await turns(4);
    expect([diary.ended, codeOf(made), source.released]).toEqual([
      [1, 2],
      ["CONNECTION_LOST"],
      true,
    ]);
    expect([runtime.connections, runtime.pool.taken, diary.connection.closed]).toEqual([
      0,
      0,
      true,
    ]);
    diary.connection.abort(refused);
    diary.connection.close();
    diary.connection.send(1, BODIES.response);
    expect(diary.closed).toHaveLength(1);
  });
});

describe("a Hello that is decided on later", () => {
  const early = [encodeFrame(1, request("stat")), encodeFrame(2, request("list"))];

  test.each(["in one chunk", "in chunks"])("lets what came behind it %s wait", async (how) => {
    const { diary, raw } = ends();
    const bytes = [encodeFrame(0, HELLO), ...early];
    for (const piece of how === "in chunks" ? bytes : [join(bytes)]) {
      raw.send(piece);
      await turns(2);
    }
    expect(diary.types).toEqual(["hello"]);
    diary.connection.welcome(1 << 20);
    await turns(4);
    expect(diary.types).toEqual(["hello", "request", "request"]);
    expect(raw.cases()).toEqual(["welcome"]);
    raw.frame(1, BODIES.cancel);
    await turns(4);
    expect(diary.types.at(-1)).toBe("cancel");
  });

  test("holds no more of what comes than one chunk", async () => {
    const { diary, raw } = ends({ pipe: { capacity: 1000, chunk: () => 100 } });
    raw.send(join([encodeFrame(0, HELLO), new Uint8Array(5000)]));
    await turns(200);
    // Something that is sent meanwhile does not open the gate.
    diary.connection.ping();
    await turns(200);
    expect(diary.types).toEqual(["hello"]);
    expect(raw.sent).toBe(false);
  });

  test("does so with FIN, too", async () => {
    const { diary, raw } = ends();
    raw.send(join([encodeFrame(0, HELLO), ...early]));
    raw.finish();
    await turns(4);
    expect(diary.types).toEqual(["hello"]);
    diary.connection.welcome(1 << 20);
    await turns(4);
    expect(diary.types).toEqual(["hello", "request", "request", "end"]);
  });

  test("and refused runs nothing of it", async () => {
    const made = ends();
    const { diary, raw } = made;
    raw.send(join([encodeFrame(0, HELLO), ...early]));
    await turns(4);
    diary.connection.refuse(refused);
    diary.connection.welcome(1 << 20);
    await turns(4);
    expect([raw.cases(), raw.diary, diary.types]).toEqual([["failure"], ["end"], ["hello"]]);
    raw.finish();
    await turns(4);
    expect([codeOf(made), diary.types]).toEqual([["UNAUTHENTICATED"], ["hello"]]);
  });

  test("welcomes nobody who is gone", async () => {
    const made = ends();
    const { diary, raw } = made;
    raw.send(join([encodeFrame(0, HELLO), ...early]));
    await turns(4);
    raw.transport.close();
    await turns(4);
    diary.connection.welcome(1 << 20);
    await turns(4);
    expect([codeOf(made), diary.types]).toEqual([["CONNECTION_LOST"], ["hello"]]);
    expect(diary.connection.session.phase).toBe("closing");
  });
});

describe("a peer that takes no answers", () => {
  const flood = join(Array.from({ length: 20_000 }, (_, i) => encodeFrame(i + 1, request("stat"))));

  test("is not read from beyond a bound, inside a chunk and out of it", async () => {
    const { diary, raw } = await greeted({
      pipe: { capacity: 200_000, chunk: () => 200_000 },
      session: { maxStreams: 1 },
    });
    raw.transport.pause();
    const { session } = diary.connection;
    const before = session.streams.last;
    raw.send(flood);
    // What the pipe takes is beyond this test: 1 MiB is on its way.
    for (let i = 0; i < 50; i++) {
      await turns(1);
      expect(session.unsentControls).toBeLessThan(ANSWER_LIMIT + 300);
    }
    expect(session.streams.last).toBeGreaterThan(before);
    raw.transport.resume();
    // The first is served, all others are told that there are too many.
    let heard = 0;
    while (heard < 19_999) {
      await turns(1);
      heard += raw.heard().length;
    }
    expect([session.streams.last, heard]).toEqual([20_000, 19_999]);
  });

  test("is read from when it takes them again, and its FIN comes behind its frames", async () => {
    const { diary, raw } = await greeted({
      pipe: { capacity: 100_000, chunk: () => 70_000 },
      session: { maxStreams: 1 },
    });
    raw.transport.pause();
    raw.send(flood);
    raw.finish();
    await turns(10);
    expect(diary.types).toEqual(["request"]);
    raw.transport.resume();
    while (diary.types.length < 2) await turns(1);
    expect(diary.types).toEqual(["request", "end"]);
    expect(diary.connection.session.streams.last).toBe(20_000);
  });
});

test("FIN that comes while a long answer waits is heard when that has left", async () => {
  const { diary, raw } = await greeted({ pipe: { capacity: 10_000 } });
  raw.frame(1, request("stat"));
  await turns(3);
  raw.transport.pause();
  const result = { case: "stat", value: { name: "x".repeat(400 << 10) } } as const;
  diary.connection.send(1, { case: "response", value: { result } });
  await turns(3);
  expect(diary.connection.session.unsentControls).toBeGreaterThan(ANSWER_LIMIT);
  raw.finish();
  await turns(3);
  raw.transport.resume();
  await turns(300);
  expect(diary.types).toEqual(["request", "end"]);
});

describe("closing", () => {
  test("sends what waits, then FIN, and closes behind the peer's", async () => {
    const made = await greeted();
    const { diary, raw } = made;
    raw.frame(1, request("stat"));
    await turns(3);
    diary.connection.send(1, BODIES.response);
    diary.connection.close();
    diary.connection.close();
    await turns(5);
    expect([raw.cases(), raw.diary, codeOf(made)]).toEqual([["response"], ["end"], []]);
    raw.finish();
    await turns(3);
    expect(codeOf(made)).toEqual(["CONNECTION_LOST"]);
    expect([raw.diary, raw.error]).toEqual([["end"], undefined]);
  });

  test("behind the peer's FIN loses nothing of what was sent", async () => {
    const { diary, raw } = await greeted({ pipe: { capacity: 5000, chunk: () => 100 } });
    raw.frame(1, request("get"));
    raw.finish();
    await turns(5);
    diary.connection.send(1, BODIES.response);
    diary.connection.attach(1, new Zeros(50_000), 0);
    diary.connection.close();
    await raw.ended();
    expect(raw.received).toBeGreaterThan(50_000);
    expect(diary.connection.closed).toBe(true);
  });

  test("does not wait for credit that can't come any more", async () => {
    const { diary, raw } = await greeted({ role: "server" });
    raw.frame(1, request("get"));
    await turns(3);
    diary.connection.send(1, BODIES.response);
    const source = new Zeros(10 << 20);
    diary.connection.attach(1, source, 0);
    diary.connection.close();
    await raw.ended();
    expect(source.taken).toBe(1 << 20);
  });

  test("discards what still comes", async () => {
    const { diary, raw } = await greeted();
    diary.connection.close();
    raw.frame(1, request("stat"));
    await turns(4);
    expect(diary.types).toEqual([]);
  });

  test("a client does when the server ended: nothing can come any more", async () => {
    const { diary, raw } = await welcomed();
    raw.finish();
    await turns(4);
    expect([diary.types, raw.diary, diary.connection.closed]).toEqual([
      ["welcome", "end"],
      ["end"],
      true,
    ]);
  });

  test("a client does so though the server takes nothing of what waits", async () => {
    const { diary, raw } = await uploading();
    raw.finish();
    await turns(4);
    expect([diary.types, diary.connection.closed]).toEqual([["welcome", "end"], true]);
  });

  test("a server does not when its client ended: what is open goes on", async () => {
    const { diary, raw } = await greeted();
    raw.frame(1, request("stat"));
    raw.finish();
    await turns(4);
    expect(diary.types).toEqual(["request", "end"]);
    diary.connection.send(1, BODIES.response);
    await turns(4);
    expect([raw.cases(), raw.diary]).toEqual([["response"], []]);
  });

  test("inside a frame is told, and answered", async () => {
    const made = await greeted();
    const { diary, raw } = made;
    raw.send(encodeFrame(1, request("stat")).slice(0, 3));
    raw.finish();
    await turns(6);
    expect([diary.types, raw.cases(), codeOf(made)]).toEqual([
      ["closed"],
      ["failure"],
      ["CONNECTION_LOST"],
    ]);
  });

  test("after the peer broke a rule says which, and nothing else", async () => {
    const made = await greeted();
    const { diary, raw } = made;
    raw.frame(1, request("put"));
    raw.send(dataFrame(7, 0, Uint8Array.of(1)));
    raw.frame(3, request("stat"));
    await turns(6);
    expect([diary.types, raw.diary]).toEqual([["request", "closed"], ["end"]]);
    expect(raw.heard()).toMatchObject([
      { stream: 0, body: { case: "failure", value: { code: "PROTOCOL_ERROR" } } },
    ]);
    raw.finish();
    await turns(3);
    expect(codeOf(made)).toEqual(["PROTOCOL_ERROR"]);
  });
});

describe("deadlines", () => {
  test("of the Hello: a stranger that says nothing is told so, and closed", async () => {
    const made = ends();
    const { runtime, raw, diary } = made;
    raw.send(encodeFrame(0, HELLO).slice(0, 10));
    await turns(3);
    runtime.pass(HELLO_DEADLINE);
    expect(raw.cases()).toEqual([]);
    runtime.pass(1);
    await turns(3);
    expect(raw.heard()).toMatchObject([{ body: { value: { code: "DEADLINE_EXCEEDED" } } }]);
    expect(raw.diary).toEqual(["end"]);
    runtime.pass(CLOSE_DEADLINE + 1);
    await turns(2);
    expect([codeOf(made), diary.connection.closed]).toEqual([["DEADLINE_EXCEEDED"], true]);
    expect(runtime.connections).toBe(0);
  });

  test("of the Hello: a stranger that says a byte a second is told so as well", async () => {
    const made = ends();
    const { runtime, raw } = made;
    const hello = encodeFrame(0, { ...HELLO, value: { ...HELLO.value, agent: "x".repeat(100) } });
    for (let second = 0; second <= HELLO_DEADLINE / 1000; second += 1) {
      raw.send(hello.slice(second, second + 1));
      await turns(2);
      runtime.pass(1000);
    }
    await turns(3);
    expect(raw.heard()).toMatchObject([{ body: { value: { code: "DEADLINE_EXCEEDED" } } }]);
    expect(raw.diary).toEqual(["end"]);
  });

  test("of the Hello leave a server the rest of the time to decide", async () => {
    const { runtime, raw, diary } = ends();
    runtime.pass(HELLO_DEADLINE / 2);
    raw.frame(0, HELLO);
    await turns(3);
    runtime.pass(HELLO_DEADLINE / 2);
    diary.connection.welcome(1 << 20);
    await turns(3);
    expect(raw.cases()).toEqual(["welcome"]);
  });

  test("of the Hello hold for a server that does not decide", async () => {
    const { runtime, raw, diary } = ends();
    raw.frame(0, HELLO);
    await turns(3);
    runtime.pass(HELLO_DEADLINE + 1);
    await turns(3);
    expect(raw.heard()).toMatchObject([{ body: { value: { code: "UNAVAILABLE" } } }]);
    diary.connection.welcome(1 << 20);
    await turns(3);
    expect(raw.cases()).toEqual([]);
  });

  test("of the Hello do not hold for a client: whoever connects says how long it waits", async () => {
    const made = ends({ role: "client" });
    made.runtime.pass(10 * HELLO_DEADLINE);
    await turns(3);
    expect([codeOf(made), made.diary.connection.closed]).toEqual([[], false]);
    expect(made.raw.diary).toEqual([]);
  });

  test("of idling: who asks nothing is told so, half a frame or not; who asks stays", async () => {
    const made = await greeted({ connection: { idleDeadline: 1000 } });
    const { runtime, raw } = made;
    runtime.pass(900);
    raw.frame(0, { case: "ping", value: { nonce: 1 } });
    await turns(3);
    runtime.pass(900);
    expect(raw.cases()).toEqual(["pong"]);
    raw.send(encodeFrame(1, request("stat")).slice(0, 3));
    await turns(3);
    runtime.pass(101);
    await turns(3);
    expect(raw.heard()).toMatchObject([{ body: { value: { code: "DEADLINE_EXCEEDED" } } }]);
  });

  test("of a write: a peer that takes nothing is cut, one that takes a little is not", async () => {
    const made = await greeted({ pipe: { capacity: 10_000, chunk: () => 10_000 } });
    const { diary, raw, runtime } = made;
    raw.frame(1, request("get"));
    await turns(3);
    diary.connection.send(1, BODIES.response);
    diary.connection.attach(1, new Zeros(1 << 20), 0);
    raw.onData = () => raw.transport.pause();
    for (let i = 0; i < 5; i++) {
      await turns(3);
      runtime.pass(WRITE_DEADLINE);
      expect(diary.connection.closed).toBe(false);
      raw.transport.resume();
    }
    await turns(3);
    runtime.pass(WRITE_DEADLINE + 1);
    await turns(2);
    expect([codeOf(made), runtime.pool.taken]).toEqual([["DEADLINE_EXCEEDED"], 0]);
  });

  test("of a transfer: a stream on which nothing moves fails, and no other", async () => {
    const { diary, raw, runtime } = await greeted();
    raw.frame(1, request("put"));
    raw.frame(2, request("put"));
    raw.frame(3, request("stat"));
    await turns(4);
    for (const stream of [1, 2]) diary.connection.send(stream, BODIES.response);
    runtime.pass(TRANSFER_DEADLINE - 10);
    raw.send(dataFrame(2, 0, Uint8Array.of(1)));
    await turns(3);
    raw.cases();
    runtime.pass(11);
    await turns(3);
    expect(raw.heard()).toMatchObject([
      { stream: 1, body: { case: "failure", value: { code: "DEADLINE_EXCEEDED" } } },
    ]);
    expect(diary.events.at(-1)).toMatchObject({ type: "failure", stream: 1 });
    expect(diary.ended).toEqual([1]);
    runtime.pass(TRANSFER_DEADLINE);
    // The third waits for us, however long we take.
    expect(diary.ended).toEqual([1, 2]);
  });

  test("of a client: a server that answers a Ping may take its time, a dead one is given up", async () => {
    const { diary, raw, runtime } = ends({ role: "client" });
    raw.frame(0, WELCOME);
    await turns(3);
    diary.connection.open(request("get").value);
    for (let nonce = 1; nonce <= 50; nonce++) {
      runtime.pass(PING_AFTER + 1);
      await turns(3);
      expect(raw.cases().at(-1)).toBe("ping");
      raw.frame(0, { case: "pong", value: { nonce } });
      await turns(3);
    }
    runtime.pass(SERVER_SILENCE);
    expect(diary.connection.closed).toBe(false);
    runtime.pass(1);
    await turns(2);
    expect(diary.closed.map(({ code }) => code)).toEqual(["DEADLINE_EXCEEDED"]);
  });

  test("of the close count from our FIN: until then a slow peer may read what is left", async () => {
    const made = await greeted({ pipe: { capacity: 10_000, chunk: () => 10_000 } });
    const { diary, raw, runtime } = made;
    raw.frame(1, request("get"));
    await turns(3);
    diary.connection.send(1, BODIES.response);
    diary.connection.attach(1, new Zeros(50_000), 0);
    diary.connection.close();
    const { onData } = raw;
    raw.onData = (chunk) => {
      raw.transport.pause();
      onData.call(raw, chunk);
    };
    while (!raw.diary.includes("end")) {
      await turns(3);
      expect(diary.connection.closed).toBe(false);
      if (raw.received < 40_000) runtime.pass(CLOSE_DEADLINE - 1);
      raw.transport.resume();
    }
    expect(raw.received).toBeGreaterThan(50_000);
    runtime.pass(CLOSE_DEADLINE + 1);
    await turns(2);
    expect(codeOf(made)).toEqual(["DEADLINE_EXCEEDED"]);
  });

  test("of a write hold while it closes, too", async () => {
    const made = await greeted({ pipe: { capacity: 10_000 } });
    const { diary, raw, runtime } = made;
    raw.frame(1, request("get"));
    await turns(3);
    diary.connection.send(1, BODIES.response);
    diary.connection.attach(1, new Zeros(50_000), 0);
    raw.transport.pause();
    await turns(3);
    diary.connection.close();
    runtime.pass(WRITE_DEADLINE + 1);
    expect([codeOf(made), runtime.connections]).toEqual([["DEADLINE_EXCEEDED"], 0]);
  });
});

test("an answer does not wait for the downloads of others", async () => {
  const runtime = new TestRuntime({ budget: 1000 });
  const others = await Promise.all(Array.from({ length: 9 }, () => greeted({ runtime })));
  const asking = await greeted({ runtime });
  for (const { raw, diary } of [...others, asking]) {
    raw.frame(1, request(diary === asking.diary ? "stat" : "get"));
  }
  await turns(4);
  for (const { diary } of others) {
    diary.connection.send(1, BODIES.response);
    diary.connection.attach(1, new Zeros(1 << 20), 0);
  }
  await turns(12);
  const before = others.map(({ raw }) => raw.received);
  asking.diary.connection.send(1, BODIES.response);
  await turns(2);
  expect(asking.raw.cases()).toEqual(["response"]);
  expect(others.filter(({ raw }, i) => raw.received > before[i]!).length).toBeLessThan(
    others.length,
  );
});

test("a client that leaves does not wait long for a server that takes nothing", async () => {
  const made = await uploading();
  const { diary, runtime } = made;
  diary.connection.close();
  runtime.pass(CLOSE_DEADLINE);
  expect(diary.connection.closed).toBe(false);
  runtime.pass(1);
  expect([codeOf(made), runtime.connections]).toEqual([["DEADLINE_EXCEEDED"], 0]);
});

/** A client with an upload on its way, and a server that takes nothing of it. */
async function uploading(): Promise<Ends> {
  const made = await welcomed({ pipe: { capacity: 10_000 } });
  const { diary, raw } = made;
  raw.transport.pause();
  const stream = diary.connection.open(request("put").value);
  diary.connection.attach(stream, new Zeros(50_000), 0);
  await turns(4);
  expect(diary.connection.session.wantsToSend).toBe(false); // the last of it is in the send buffer
  return made;
}

describe("buffers that are short", () => {
  test("are tried for again as time goes by; who is silent for long is cut", async () => {
    const runtime = new TestRuntime({ buffers: 1 });
    const silent = await greeted({ runtime, pipe: { capacity: 1000 } });
    const other = await greeted({ runtime });
    for (const { raw, diary } of [silent, other]) {
      raw.frame(1, request("get"));
      await turns(3);
      diary.connection.send(1, BODIES.response);
    }
    silent.raw.transport.pause();
    // Zeros can't be taken again: the buffer can't be taken away.
    silent.diary.connection.attach(1, new Zeros(100_000), 0);
    await turns(3);
    other.diary.connection.attach(1, new Zeros(100_000), 0);
    await turns(3);
    expect(other.raw.received).toBeLessThan(1000);
    runtime.pass(2000);
    await turns(3);
    expect(codeOf(silent)).toEqual([]);
    runtime.pass(2000);
    await turns(8);
    expect(codeOf(silent)).toEqual(["RESOURCE_EXHAUSTED"]);
    expect(other.raw.received).toBeGreaterThan(100_000);
  });
});

test("a defect while a buffer is filled ends its connection, and no other", async () => {
  const runtime = new TestRuntime();
  const [bad, good] = [await greeted({ runtime }), await greeted({ runtime })];
  bad.diary.onRoom = () => {
    throw new Error("a defect");
  };
  for (const { raw, diary } of [bad, good]) {
    raw.frame(1, request("stat"));
    await turns(3);
    diary.connection.send(1, BODIES.response);
  }
  await turns(4);
  expect([codeOf(bad), codeOf(good), good.raw.cases()]).toEqual([["INTERNAL"], [], ["response"]]);
  expect(runtime.pool.taken).toBe(0);
});

describe("whoever drives a server's connection and throws", () => {
  const throws = (): never => {
    throw new Error("a defect");
  };

  test("at an event of a stream has ended that stream, and no other", async () => {
    const { diary, raw } = await greeted();
    diary.does = (event) => {
      if (event.type === "data") throws();
    };
    for (const stream of [1, 2]) raw.frame(stream, request("put"));
    raw.send(dataFrame(1, 0, Uint8Array.of(1)));
    raw.frame(3, request("stat"));
    await turns(4);
    for (const stream of [2, 3]) diary.connection.send(stream, BODIES.response);
    await turns(4);
    expect(raw.heard()).toMatchObject([
      { stream: 1, body: { case: "failure", value: { code: "INTERNAL" } } },
      { stream: 2, body: { case: "response" } },
      { stream: 3, body: { case: "response" } },
    ]);
    expect([diary.ended, diary.closed.map(({ code }) => code)]).toEqual([[1, 3], []]);
  });

  test("at an event that waited for the next turn has ended that stream as well", async () => {
    const { diary, raw } = await greeted();
    diary.does = (event) => {
      if (event.type === "request") throws();
    };
    raw.send(join(Array.from({ length: 60 }, (_, i) => encodeFrame(i + 1, request("stat")))));
    await turns(40);
    expect(diary.ended).toHaveLength(60);
    expect(raw.cases()).toEqual(Array.from({ length: 60 }, () => "failure"));
  });

  test("at the end of a stream has still ended all of them, and is told of the close", async () => {
    const { diary, raw, runtime } = await greeted();
    const ended: number[] = [];
    diary.onStreamEnded = (stream) => {
      ended.push(stream);
      throws();
    };
    for (const stream of [1, 2, 3]) raw.frame(stream, request("put"));
    await turns(4);
    runtime.pass(TRANSFER_DEADLINE + 1);
    await turns(4);
    expect([ended, raw.cases()]).toEqual([
      [1, 2, 3],
      ["failure", "failure", "failure"],
    ]);
    for (const stream of [4, 5]) raw.frame(stream, request("put"));
    await turns(4);
    raw.transport.close();
    await turns(4);
    expect([ended, diary.closed.map(({ code }) => code)]).toEqual([
      [1, 2, 3, 4, 5],
      ["CONNECTION_LOST"],
    ]);
    expect(runtime.connections).toBe(0);
  });
});
