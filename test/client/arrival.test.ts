/** Connections that are lost before the server has accepted them, as when the process that took them is replaced. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Server } from "../../src/index.ts";
import { ARRIVAL_TRIES } from "../../src/limits.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { LATE } from "../support/until.ts";

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await startServer({ library: library.path });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

/** Also on a machine with much else to do. */
const timeout = LATE;
const RETRY = 4 * LATE;
const LOST = /^(CONNECTION_LOST|UNAVAILABLE)$/;

const losing = (fault: Fault, lost = Number.POSITIVE_INFINITY): FaultProxy =>
  new FaultProxy(server.port, (connection) => (connection < lost ? fault : {}));

/** Nothing of the server comes. */
const FAULTS: readonly [string, Fault][] = [
  ["closed", { cutDown: 0 }],
  ["reset", { cutDown: 0, reset: true }],
  ["reset by the server", { cutUp: 5, reset: true }],
];

test.each(FAULTS)("one that is %s is made again", async (_, fault) => {
  using proxy = losing(fault, ARRIVAL_TRIES - 1);
  const codes: string[] = [];
  const onRetry = ({ code }: { readonly code: string }): void => void codes.push(code);
  await using client = await connect(proxy.address, { timeout, retry: RETRY, onRetry });
  expect((await client.status()).connections).toBeGreaterThan(0);
  expect(proxy.connections).toBe(ARRIVAL_TRIES);
  expect(codes).toHaveLength(ARRIVAL_TRIES - 1);
  for (const code of codes) expect(code).toMatch(LOST);
});

test("but not without end: a program that closes each connection is no leat server", async () => {
  using proxy = losing({ cutDown: 0 });
  expect((await refusal(connect(proxy.address, { timeout, retry: RETRY }))).code).toMatch(LOST);
  expect(proxy.connections).toBe(ARRIVAL_TRIES);
});

test("and not at all where nothing is tried again", async () => {
  using proxy = losing({ cutDown: 0 });
  expect((await refusal(connect(proxy.address, { timeout }))).code).toMatch(LOST);
  expect(proxy.connections).toBe(1);
});
