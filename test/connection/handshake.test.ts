/** A connection that is ended in its TLS handshake: the peer hears why, if it comes to the end of that. */
import { expect, test } from "bun:test";
import { LeatError } from "../../src/errors.ts";
import { CLOSE_DEADLINE, HELLO_DEADLINE } from "../../src/limits.ts";
import type { Transport } from "../../src/net/transport.ts";
import { turns } from "../net/support.ts";
import { ends } from "./support.ts";

/** A server's end whose handshake is over when the test says so. */
function shaking() {
  const state = { isHandshaking: true };
  const transport = (inner: Transport): Transport => ({
    peer: inner.peer,
    get isHandshaking() {
      return state.isHandshaking;
    },
    write: (bytes, offset, length) =>
      state.isHandshaking ? 0 : inner.write(bytes, offset, length),
    free: (chunk) => inner.free(chunk),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    shutdown: () => (state.isHandshaking ? inner.close() : inner.shutdown()),
    close: () => inner.close(),
  });
  const made = ends({ transport });
  const over = (): void => {
    state.isHandshaking = false;
    made.diary.connection.onDrain();
  };
  return { ...made, over };
}

const stopping = new LeatError("UNAVAILABLE", "the server is stopping", { retryAfter: 1 });

test("a server that stops tells it behind the handshake", async () => {
  const { diary, raw, over } = shaking();
  diary.connection.refuse(stopping);
  await turns(4);
  expect([raw.cases(), raw.diary, diary.closed]).toEqual([[], [], []]);
  over();
  await turns(4);
  expect([raw.cases(), raw.diary]).toEqual([["failure"], ["end"]]);
  raw.finish();
  await turns(4);
  expect(diary.closed).toEqual([stopping]);
});

test("a peer that does not come to the end of it is closed at the deadline for Hello", async () => {
  const { diary, runtime, raw } = shaking();
  runtime.pass(HELLO_DEADLINE);
  expect(diary.closed).toEqual([]);
  runtime.pass(1);
  await turns(4);
  expect([diary.closed.map(({ code }) => code), raw.diary]).toEqual([
    ["DEADLINE_EXCEEDED"],
    ["close"],
  ]);
});

test("a peer that is told so and does not come to the end of it is closed soon", async () => {
  const { diary, runtime, raw } = shaking();
  diary.connection.refuse(stopping);
  await turns(4);
  runtime.pass(CLOSE_DEADLINE);
  expect(diary.closed).toEqual([]);
  runtime.pass(1);
  await turns(4);
  expect([diary.closed, raw.diary]).toEqual([[stopping], ["close"]]);
});
