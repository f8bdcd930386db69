/** Pages of a folder that come one after another on one stream, beside those that are asked for one by one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { LIST_PAGE_BYTES } from "../../src/limits.ts";
import type { Server } from "../../src/index.ts";
import type { EntryPage, Finish, FrameBody, List } from "../../src/wire/gen/messages.ts";
import { encodeMessage } from "../../src/wire/plain.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer } from "../support/served.ts";

/** With long names: some pages. */
const FILES = 1500;

const library = new TemporaryFolder();
let server: Server;

beforeAll(async () => {
  for (let i = 0; i < FILES; i += 1) library.file(`long/${i}`.padEnd(120, "é"));
  for (let i = 0; i < 30; i += 1) {
    library.file(`odd/${i}`);
    library.file(`odd/.${i}`);
    library.folder(`odd/folder${i}`);
    writeFileSync(Buffer.from(`${library.at("odd")}/${i}\xff`, "latin1"), "");
  }
  library.folder("empty");
  server = await startServer({ library: library.path, port: 0 });
});
afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

interface Listed {
  readonly pages: EntryPage[];
  readonly finish: Finish;
}

async function heard(peer: RawPeer, stream: number): Promise<Listed> {
  const pages: EntryPage[] = [];
  for (;;) {
    const body = await peer.body(stream);
    if (body.case === "finish") return { pages, finish: body.value };
    expect(body.case).toBe("response");
    if (body.case !== "response" || body.value.result?.case !== "list") throw new Error("no page");
    pages.push(body.value.result.value);
  }
}

let streams = 0;

function ask(peer: RawPeer, list: Partial<List>): Promise<Listed> {
  streams += 1;
  peer.request(streams, { case: "list", value: { path: "", ...list } });
  return heard(peer, streams);
}

const names = (pages: readonly EntryPage[]): string[] =>
  pages.flatMap(({ entries }) => entries.map(({ name }) => name));

/** The same, one page after another is asked for. */
async function oneByOne(peer: RawPeer, list: Partial<List>) {
  const pages: EntryPage[] = [];
  let skipped = 0;
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const { pages: came, finish } = await ask(peer, { ...list, cursor });
    expect(came).toHaveLength(1);
    expect(came[0]).toMatchObject({ skippedNames: 0 });
    expect(came[0]!.cursor).toBeUndefined();
    pages.push(...came);
    skipped += finish.skippedNames;
    cursor = finish.cursor;
  }
  return { entries: pages.flatMap(({ entries }) => entries), skipped };
}

test.each<[string, Partial<List>, number]>([
  ["of long names", { path: "long" }, 5],
  ["of few names each", { path: "odd", limit: 7 }, 9],
  ["with hidden names", { path: "odd", limit: 7, hidden: true }, 13],
  ["of the library", { path: "" }, 1],
  ["of an empty folder", { path: "empty" }, 1],
])(
  "all pages %s have what they have when they are asked for one by one",
  async (_, list, least) => {
    streams = 0;
    using peer = await RawPeer.welcomed(Number(server.port));
    const { pages, finish } = await ask(peer, { ...list, pages: 1000 });
    expect(pages.length).toBeGreaterThanOrEqual(least);
    const alone = await oneByOne(peer, list);
    expect(pages.flatMap(({ entries }) => entries)).toEqual(alone.entries);
    expect(finish.cursor).toBeUndefined();
    expect(pages.at(-1)).toMatchObject({ skippedNames: 0 });
    const skipped = pages.reduce((sum, page) => sum + page.skippedNames, finish.skippedNames);
    expect(skipped).toBe(alone.skipped);
    for (const page of pages) {
      expect(encodeMessage("EntryPage", page).length).toBeLessThan(LIST_PAGE_BYTES + 1000);
    }
    // Each of them but the last has a cursor, and it is that of what follows.
    expect(pages.map(({ cursor }) => cursor !== undefined)).toEqual(
      pages.map((_page, index) => index < pages.length - 1),
    );
    for (const [index, { cursor }] of pages.slice(0, -1).entries()) {
      const rest = await ask(peer, { ...list, cursor, pages: 1000 });
      expect(names(rest.pages)).toEqual(names(pages.slice(index + 1)));
    }
  },
);

test("no more pages come than were asked for, and Finish tells where the next one begins", async () => {
  streams = 0;
  using peer = await RawPeer.welcomed(Number(server.port));
  const all = names((await ask(peer, { path: "long", pages: 1000 })).pages);
  const first = await ask(peer, { path: "long", pages: 3 });
  expect(first.pages.map(({ cursor }) => cursor !== undefined)).toEqual([true, true, false]);
  const { cursor } = first.finish;
  const second = await ask(peer, { path: "long", pages: 0xffff_ffff, cursor });
  expect(second.finish.cursor).toBeUndefined();
  expect([...names(first.pages), ...names(second.pages)]).toEqual(all);
  const single = await ask(peer, { path: "long", pages: 1, limit: 1, cursor });
  expect(single.pages).toHaveLength(1);
  expect(single.finish.cursor).toBeDefined();
});

test("two lists of a connection take turns, and one that is cancelled ends", async () => {
  using peer = await RawPeer.welcomed(Number(server.port));
  const value = { path: "odd", limit: 1, pages: 1000 };
  peer.together(() => {
    for (const stream of [1, 2, 3]) peer.request(stream, { case: "list", value });
    peer.frame(2, { case: "cancel", value: {} });
  });
  const came = new Map<number, FrameBody[]>([1, 2, 3].map((stream) => [stream, []]));
  for (let ended = 0; ended < 3;) {
    const next = await peer.next();
    if (typeof next === "string" || !("body" in next)) throw new Error("no frame with a body");
    came.get(next.stream)!.push(next.body!);
    if (next.body?.case !== "response") ended += 1;
  }
  expect(came.get(2)!.at(-1)).toMatchObject({ case: "failure", value: { code: "CANCELLED" } });
  expect(came.get(1)).toHaveLength(61);
  expect(came.get(1)).toEqual(came.get(3)!);
  peer.request(4, { case: "list", value });
  expect((await peer.body(4)).case).toBe("response");
  peer.frame(4, { case: "cancel", value: {} });
  peer.request(5, { case: "list", value: { path: "empty" } });
  expect(names((await heard(peer, 5)).pages)).toEqual([]);
});

test("an error ends it as any other", async () => {
  using peer = await RawPeer.welcomed(Number(server.port));
  peer.request(1, { case: "list", value: { path: "nothing", pages: 5 } });
  expect(await peer.failure(1)).toMatchObject({ code: "NOT_FOUND" });
  peer.request(2, { case: "list", value: { path: "long", pages: 5, cursor: "-" } });
  expect(await peer.failure(2)).toMatchObject({ code: "INVALID_ARGUMENT" });
  peer.request(3, { case: "list", value: { path: "empty", pages: 5 } });
  expect(names((await heard(peer, 3)).pages)).toEqual([]);
});
