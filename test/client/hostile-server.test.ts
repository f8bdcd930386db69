/** A server that wants its clients to work without end, or to write where they should not. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { connect, LeatError, type Client } from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { DATA_PAYLOAD, TREE_OUTCOMES } from "../../src/limits.ts";
import { encodeMessage } from "../../src/wire/plain.ts";
import { join } from "../support/chop.ts";
import { snapshot } from "../fuzz/snapshot.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Peer, ScriptedServer } from "../support/scripted-server.ts";
import { startServer } from "../support/served.ts";
import { LONG } from "../support/ways.ts";
import { Swapper } from "../support/swapper.ts";
import { until } from "../support/until.ts";

describe("a server that sends its client away", () => {
  const UNAVAILABLE = { code: "UNAVAILABLE", message: "no", retryAfterMilliseconds: 0 } as const;
  const WAYS: Record<string, (peer: Peer, stream: number) => void> = {
    "with a GoAway": (peer) =>
      peer.frame(0, { case: "goAway", value: { ...UNAVAILABLE, lastStream: 0 } }),
    "with a Failure of the connection": (peer) =>
      peer.frame(0, { case: "failure", value: { ...UNAVAILABLE, retryable: true } }),
    "with a Failure of the stream": (peer, stream) =>
      peer.frame(stream, { case: "failure", value: { ...UNAVAILABLE, retryable: true } }),
  };
  const RETRY = 400;
  // Pauses of 50 ms or more, then 100, 200: no more tries fit.
  const MOST_TRIES = 4;

  test.each(Object.entries(WAYS))("%s, for ever, is asked a few times", async (_, act) => {
    using here = new TemporaryFolder();
    using server = new ScriptedServer({ request: (_operation, stream, peer) => act(peer, stream) });
    const calls: ((client: Client) => Promise<unknown>)[] = [
      (client) => client.stat("a"),
      (client) => client.download("a", here.at("a")),
      (client) => client.put("a", new Uint8Array(9)),
      (client) => client.getTree("a", here.at("t")),
    ];
    for (const call of calls) {
      const before = server.asked.length;
      await using client = await connect(server.address, { retry: RETRY });
      const error = await call(client).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LeatError);
      expect(error).toHaveProperty("code", "UNAVAILABLE");
      expect(server.asked.length - before).toBeLessThanOrEqual(MOST_TRIES);
    }
  });
});

test("a walk of nothing but failures waits for the one who reads them", async () => {
  const failure = { code: "IO_ERROR", message: "x".repeat(1000) } as const;
  const item = encodeMessage("TreeItem", { failure }, true);
  const count = 2_500;
  const items = join(Array.from({ length: count }, () => item));
  using server = new ScriptedServer({
    request(operation, stream, peer) {
      const entry = { name: "t", kind: "DIRECTORY" } as const;
      if (operation.case === "stat") return peer.answer(stream, { case: "stat", value: entry });
      if (operation.case !== "walk") return peer.fail(stream, "NOT_FOUND");
      peer.answer(stream, { case: "walk", value: { entry } });
      for (let at = 0; at < items.length; at += DATA_PAYLOAD) {
        const payload = items.subarray(at, at + DATA_PAYLOAD);
        peer.data(stream, at, payload, crc32(payload));
      }
      peer.frame(0, { case: "ping", value: { nonce: 1 } });
    },
  });
  using here = new TemporaryFolder();
  await using client = await connect(server.address);
  const outcomes = client.getTreeOutcomes("t", here.at("t"));
  await outcomes.next();
  const credited = (): number =>
    server.heard.reduce((sum, said) => {
      const isCredit = "body" in said && said.body.case === "credit";
      return isCredit ? sum + said.body.value.bytes : sum;
    }, 0);
  await until(() => server.heard.some((said) => "body" in said && said.body.case === "pong"));
  await client.ping();
  // As many as may wait for the reader, and what has come with them.
  const most = TREE_OUTCOMES * item.length + 2 * DATA_PAYLOAD;
  expect(credited()).toBeLessThan(most);
  for (let read = 1; read < count; read += 1) await outcomes.next();
  await until(() => credited() > most, credited);
  await outcomes.return({ links: 0, others: 0, example: undefined });
});

describe.if(process.platform === "linux")(
  "while somebody swaps a folder of the target and a link",
  () => {
    const ROUNDS = LONG ? 200 : 2;
    /** Calls before the folder and the link are made anew: a sync replaces a link. */
    const CALLS = 5;
    const FILES = 40;

    /** Some files are written at once, some have partials. */
    const WAYS: Record<string, (client: Client, to: string) => Promise<unknown>> = {
      "get -r": (client, to) => client.getTree("t", to, { durability: "none" }),
      "get -r, on disk": (client, to) => client.getTree("t", to),
      sync: (client, to) => client.syncDown("t", to, { delete: true, exclude: ["/b"] }),
      "sync of contents": (client, to) =>
        client.syncDown("t", to, { delete: true, checksum: true, exclude: ["/b"] }),
    };

    test.each(Object.entries(WAYS))(
      "%s neither writes nor removes outside of it",
      async (_, act) => {
        using library = new TemporaryFolder();
        using here = new TemporaryFolder();
        for (let index = 0; index < FILES; index += 1) {
          library.file(`t/a/${index}`, "x".repeat(index % 10 === 0 ? 100_000 : 10));
        }
        library.file("t/a/deep/file", "x");
        here.file("outside/1", "somebody else's");
        here.file("outside/only-here", "somebody else's");
        here.file("outside/deep/file", "somebody else's");
        const before = snapshot(here.at("outside"));
        await using server = await startServer({ library: library.path, durability: "none" });
        await using client = await connect(server.address);
        const seen = { done: 0, refused: 0 };
        // Until both were met: the folder, and the link.
        const isMet = (): boolean => Math.min(seen.done, seen.refused) > 0;
        for (let round = 0; round < ROUNDS || !isMet(); round += 1) {
          const to = here.at(`${round}`);
          mkdirSync(here.at(`${round}/a`), { recursive: true });
          symlinkSync("../outside", here.at(`${round}/b`));
          await using _swapper = await Swapper.in(to);
          for (let call = 0; call < CALLS; call += 1) {
            await act(client, to).then(
              () => (seen.done += 1),
              () => (seen.refused += 1),
            );
          }
        }
        expect(snapshot(here.at("outside"))).toBe(before);
      },
    );
  },
);
