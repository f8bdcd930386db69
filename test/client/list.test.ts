/** `list` and `pages` of the client: over several streams, with older servers, lost connections, and servers that lie. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, type Client, type Server } from "../../src/index.ts";
import { LIST_PAGES, PAGE_BYTES } from "../../src/limits.ts";
import type { List } from "../../src/wire/gen/messages.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { type Peer, ScriptedServer } from "../support/scripted-server.ts";
import { startServer } from "../support/served.ts";
import { until } from "../support/until.ts";

/** With long names: more pages than are asked for at once. */
const FILES = 9000;

const library = new TemporaryFolder();
let server: Server;
let there: string[];

beforeAll(async () => {
  for (let i = 0; i < FILES; i += 1) library.file(`t/${i}`.padEnd(250, "x"));
  there = readdirSync(library.at("t")).toSorted();
  server = await startServer({ library: library.path, port: 0 });
});
afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

async function listed(client: Client, after?: (count: number) => void): Promise<string[]> {
  const names: string[] = [];
  for await (const { entries } of client.pages("t")) {
    for (const { name } of entries) names.push(name);
    after?.(names.length);
  }
  return names;
}

describe("a large folder", () => {
  test("comes whole and in order, also where connections are lost in the middle", async () => {
    {
      await using plain = await connect(server.address);
      expect(await listed(plain)).toEqual(there);
    }
    using proxy = new FaultProxy(Number(server.port), () => ({}));
    await using client = await connect(proxy.address, { retry: 20_000 });
    let pages = 0;
    const names = await listed(client, () => {
      pages += 1;
      if (pages % 5 === 0) proxy.reset();
    });
    expect(names).toEqual(there);
    expect(pages).toBeGreaterThan(LIST_PAGES);
    expect(proxy.connections).toBeGreaterThan(1);
  });

  test("is given up where it is not read to its end", async () => {
    await using client = await connect(server.address);
    for (let times = 0; times < 300; times += 1) {
      for await (const { name } of client.list("t")) {
        expect(name).toBe(there[0]!);
        break;
      }
    }
    expect(await listed(client)).toEqual(there);
  });

  test("ends where it is cancelled", async () => {
    await using client = await connect(server.address);
    const stop = new AbortController();
    const pages = client.pages("t", { signal: stop.signal });
    await pages.next();
    stop.abort();
    expect(await refusal(Array.fromAsync(pages))).toMatchObject({ code: "CANCELLED" });
    expect(await listed(client)).toEqual(there);
  });
});

test("a list that is cancelled gives no more of what has come already", async () => {
  const ended = Promise.withResolvers<void>();
  using server = new ScriptedServer({
    request: (operation, stream, peer) => {
      if (operation.case === "stat") return peer.fail(stream, "NOT_FOUND");
      peer.answer(stream, { case: "list", value: { ...page(0), cursor: "1" } });
      peer.answer(stream, { case: "list", value: page(1) });
      peer.frame(stream, { case: "finish", value: {} });
      ended.resolve();
    },
  });
  await using client = await connect(server.address);
  const stop = new AbortController();
  const pages = client.pages("t", { signal: stop.signal });
  await pages.next();
  await ended.promise;
  // Its answer comes behind the pages.
  expect(await refusal(client.stat("t"))).toMatchObject({ code: "NOT_FOUND" });
  stop.abort();
  expect(await refusal(pages.next())).toMatchObject({ code: "CANCELLED" });
});

const name = (index: number): string => String(index).padStart(4, "0");
const page = (index: number) => ({ entries: [{ name: name(index), kind: "FILE" } as const] });

function scripted(list: (list: List, stream: number, peer: Peer) => void): ScriptedServer {
  return new ScriptedServer({
    request: (operation, stream, peer) => {
      if (operation.case === "list") list(operation.value, stream, peer);
    },
  });
}

test("an older server sends one page at a time", async () => {
  const count = 2 * LIST_PAGES;
  using old = scripted(({ cursor = "0" }, stream, peer) => {
    const next = Number(cursor) + 1;
    peer.answer(stream, { case: "list", value: page(Number(cursor)) });
    const value = next < count ? { cursor: `${next}`, skippedNames: 1 } : { skippedNames: 2 };
    peer.frame(stream, { case: "finish", value });
  });
  await using client = await connect(old.address);
  const names: string[] = [];
  const list = client.list("t");
  let step = await list.next();
  for (; step.done !== true; step = await list.next()) names.push(step.value.name);
  expect(names).toEqual(Array.from({ length: count }, (_, index) => name(index)));
  expect(step.value).toEqual({ skippedNames: count + 1 });
});

test("behind a lost connection it goes on with the page that has not come", async () => {
  const cursors: (string | undefined)[] = [];
  using server = scripted(({ cursor }, stream, peer) => {
    cursors.push(cursor);
    const first = Number(cursor ?? 0);
    for (let index = first; index < first + 2; index += 1) {
      const rest = { cursor: `${index + 1}`, skippedNames: 1 };
      peer.answer(stream, { case: "list", value: { ...page(index), ...rest } });
    }
    if (first < 4) return peer.cut();
    // The last page comes, but not what says that it is the last one.
    peer.answer(stream, { case: "list", value: page(first + 2) });
    if (first === 4) return peer.cut();
    peer.frame(stream, { case: "finish", value: { skippedNames: 1 } });
  });
  await using client = await connect(server.address, { retry: 20_000 });
  const names: string[] = [];
  let skipped = 0;
  for await (const { entries, skippedNames } of client.pages("t")) {
    names.push(...entries.map((entry) => entry.name));
    skipped += skippedNames;
  }
  expect(names).toEqual(Array.from({ length: 9 }, (_, index) => name(index)));
  expect(skipped).toBe(9);
  expect(cursors).toEqual([undefined, "2", "4", "6"]);
});

describe("a server that", () => {
  const more = (index: number) => ({
    case: "list" as const,
    value: { ...page(index), cursor: `${index}` },
  });

  test.each<[string, (stream: number, peer: Peer) => void]>([
    [
      "sends more pages than were asked for",
      (stream, peer) => {
        for (let index = 0; index <= LIST_PAGES; index += 1) peer.answer(stream, more(index));
      },
    ],
    [
      "sends a page behind the last one",
      (stream, peer) => {
        peer.answer(stream, { case: "list", value: page(0) });
        peer.answer(stream, { case: "list", value: page(1) });
      },
    ],
    [
      "ends without the last page",
      (stream, peer) => {
        peer.answer(stream, more(0));
        peer.frame(stream, { case: "finish", value: {} });
      },
    ],
    [
      "sends an empty page and says that another one follows",
      (stream, peer) => {
        peer.answer(stream, { case: "list", value: { entries: [], cursor: "1" } });
      },
    ],
    [
      "sends names that go down from one page to the next",
      (stream, peer) => {
        peer.answer(stream, more(1));
        peer.answer(stream, more(0));
      },
    ],
  ])("%s is not believed", async (_, answer) => {
    using lying = scripted((_list, stream, peer) => answer(stream, peer));
    await using client = await connect(lying.address);
    const list = Array.fromAsync(client.list("t"));
    expect(await refusal(list)).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test("sends a page of too many bytes is told so before that is wanted", async () => {
    const entries = Array.from({ length: PAGE_BYTES / 100 }, (_, index) => ({
      name: String(index).padStart(100, "0"),
    }));
    using lying = scripted((_list, stream, peer) => {
      peer.answer(stream, more(0));
      peer.answer(stream, { case: "list", value: { entries, cursor: "1" } });
    });
    await using client = await connect(lying.address);
    const pages = client.pages("t");
    await pages.next();
    await until(() => lying.heard.some((said) => "body" in said && said.body.case === "cancel"));
    expect(await refusal(pages.next())).toMatchObject({ code: "PROTOCOL_ERROR" });
  });
});
