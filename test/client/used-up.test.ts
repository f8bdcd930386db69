/** The numbers of the streams of a connection have 32 bits: a client that has used all of them connects anew. */
import { expect, test } from "bun:test";
import { createClient } from "../../src/client/client.ts";
import { Link } from "../../src/client/connection/link.ts";
import { ReconnectingLink } from "../../src/client/connection/reconnecting-link.ts";
import { createRuntime } from "../../src/connection/runtime.ts";
import { memoryPair } from "../../src/net/memory.ts";
import { Host } from "../../src/server/host/host.ts";
import { LeatServer } from "../../src/server/loop/leat-server.ts";
import { ReceiveWindow, SendWindow, UNBOUNDED } from "../../src/session/flow.ts";
import { Stream } from "../../src/session/stream.ts";
import { Streams } from "../../src/session/streams.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { TemporaryFolder } from "../support/folder.ts";

test("the last stream of a connection is served, the next one on another connection", async () => {
  using folder = new TemporaryFolder();
  folder.file("f", "x");
  const runtime = createRuntime();
  await using server = new LeatServer(new Host(openDiskStore(folder.path), {}, runtime));
  let dialed = 0;
  const dial = async (): Promise<Link> => {
    const opened = Promise.withResolvers<Link>();
    memoryPair(server.accept, (transport) => {
      const link = new Link(transport, runtime);
      opened.resolve(link);
      return link.connection;
    });
    dialed += 1;
    const link = await opened.promise;
    await link.welcomed;
    return link;
  };
  const first = await dial();
  useAllBut(first, 1);
  const options = { dial, deadline: () => 5000, onRetry: () => {} };
  await using client = createClient(new ReconnectingLink(first, options));
  expect((await client.stat("f")).size).toBe(1);
  expect(dialed).toBe(1);
  const both = await Promise.all([client.stat("f"), client.stat("f")]);
  expect(both.map(({ size }) => size)).toEqual([1, 1]);
  expect(dialed).toBe(2);
  await first.closed;
  expect(server.connections).toBe(1);
});

/** As if all streams but the last ones had been opened. */
function useAllBut({ connection: { session } }: Link, rest: number): void {
  const { streams } = session;
  if (!(streams instanceof Streams)) throw new Error("the streams cannot be changed");
  const window = new ReceiveWindow(0, 0, UNBOUNDED);
  const stream = new Stream(2 ** 32 - 1 - rest, "unary", new SendWindow(0), window, 0);
  streams.add(stream);
  streams.remove(stream);
}
