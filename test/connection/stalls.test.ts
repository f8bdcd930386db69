/** Why nothing moves, as a client sees it. */
import { expect, test } from "bun:test";
import { BLOCK_SIZE, STALL_NOTICE } from "../../src/limits.ts";
import type { Outgoing } from "../../src/session/outgoing.ts";
import { turns } from "../net/support.ts";
import { welcomed } from "./support.ts";

const GET = { operation: { case: "get", value: { path: "a" } } } as const;
const PUT = { operation: { case: "put", value: { path: "a" } } } as const;
const PUT_TREE = { operation: { case: "putTree", value: { path: "a" } } } as const;

/** Bytes to send: so many now, of so many. */
function outgoing(available: number, left: number): Outgoing {
  return {
    available,
    done: left === 0,
    ends: () => false,
    take: () => {},
    endBlock: () => 0,
    finish: () => ({}),
    released: false,
    release: () => {},
  };
}

async function client(initialWindow = 1 << 20) {
  const made = await welcomed({ session: { initialWindow: 4 * BLOCK_SIZE } }, initialWindow);
  const { diary, raw, runtime } = made;
  const wait = async (after: number): Promise<string | undefined> => {
    runtime.now += after;
    const stall = diary.connection.stall;
    await turns(5);
    return stall?.wait;
  };
  const pong = async (): Promise<void> => {
    const ping = raw.heard().find((frame) => frame.body?.case === "ping");
    raw.frame(0, {
      case: "pong",
      value: { nonce: (ping!.body!.value as { nonce: number }).nonce },
    });
    await turns(5);
  };
  return { ...made, wait, pong };
}

test("a server that has nothing to say answers a Ping; one that is gone does not", async () => {
  const { diary, raw, wait, pong } = await client();
  expect(await wait(STALL_NOTICE + 1)).toBeUndefined();
  expect(raw.cases()).not.toContain("ping");
  diary.connection.open(GET);
  expect(await wait(STALL_NOTICE - 1)).toBeUndefined();
  await pong();
  expect(await wait(2)).toBe("peer");
  expect(await wait(STALL_NOTICE - 2)).toBe("peer");
  await pong();
  expect(await wait(STALL_NOTICE - 1)).toBe("peer");
  expect(await wait(2)).toBe("silence");
});

test("what is sent waits for its source, for credit, for the receipt", async () => {
  const { diary, raw, wait, pong } = await client(0);
  const { connection } = diary;
  const stream = connection.open(PUT);
  connection.attach(stream, outgoing(0, 5), 0);
  expect(await wait(STALL_NOTICE + 1)).toBe("local");
  await pong();
  connection.attach(stream, outgoing(5, 5), 0);
  expect(await wait(0)).toBe("credit");
  raw.frame(stream, { case: "response", value: { result: { case: "put", value: {} } } });
  await turns(5);
  connection.send(stream, { case: "finish", value: {} });
  expect(await wait(STALL_NOTICE - 1)).toBeUndefined();
  await pong();
  expect(await wait(2)).toBe("commit");
});

test("items of a tree wait for the server to make its folder, for credit, for their outcomes", async () => {
  const { diary, raw, wait, pong } = await client(0);
  const { connection } = diary;
  const still = async (): Promise<string | undefined> => {
    expect(await wait(STALL_NOTICE - 1)).toBeUndefined();
    await pong();
    return wait(2);
  };
  const stream = connection.open(PUT_TREE);
  expect(await still()).toBe("peer");
  raw.frame(stream, { case: "response", value: { result: { case: "putTree", value: {} } } });
  await turns(5);
  connection.attach(stream, outgoing(0, 5), 0);
  expect(await still()).toBe("peer");
  connection.attach(stream, outgoing(5, 5), 0);
  expect(await wait(0)).toBe("credit");
  connection.attach(stream, outgoing(0, 0), 0); // its Finish follows
  expect(await still()).toBe("commit");
});

test("one transfer that moves is enough; a request that is no transfer is none", async () => {
  const { diary, raw, wait } = await client();
  const first = diary.connection.open(GET);
  diary.connection.open({ operation: { case: "stat", value: { path: "a" } } });
  await wait(STALL_NOTICE);
  diary.connection.open(GET);
  expect(await wait(1)).toBeUndefined();
  const entry = { name: "a", size: 3 * BLOCK_SIZE };
  const value = { entry, offset: 0, length: 3 * BLOCK_SIZE };
  raw.frame(first, { case: "response", value: { result: { case: "get", value } } });
  await turns(5);
  const payload = new Uint8Array(BLOCK_SIZE / 2);
  for (const half of [0, 1]) {
    const offset = half * payload.length;
    raw.frame(first, { case: "data", value: { offset, payload, ...(half === 1 && { crc32: 1 }) } });
  }
  await turns(10);
  // A block that nobody here has taken.
  expect(await wait(STALL_NOTICE + 1)).toBe("local");
});
