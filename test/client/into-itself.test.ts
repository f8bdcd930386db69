/** What an upload makes to find out whether a folder is the library it goes to, and takes away again. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, createServer } from "../../src/index.ts";
import { openDiskStore } from "../../src/store/disk/disk.ts";
import { SlowStore } from "../connection/slow-store.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

test.each(["it is given up", "the connection is lost"])(
  "nothing of it stays in the library where %s before the server has answered",
  async (how) => {
    using library = new TemporaryFolder();
    library.file("docs/file", "contents");
    const answer = Promise.withResolvers<void>();
    const store = new SlowStore(openDiskStore(library.path), () => answer.promise);
    await using server = await createServer({ store, durability: "none" });
    using proxy = new FaultProxy(server.port, () => ({}));
    await using client = await connect(proxy.address, { retry: 10_000 });
    const stop = new AbortController();
    const { signal } = stop;
    const sent = client.putTree(library.at("docs"), "docs/copy", { signal });
    const failed = sent.then(
      () => "",
      (thrown: unknown) => (thrown as { code: string }).code,
    );
    await until(() => store.pending > 0);
    if (how === "it is given up") stop.abort();
    else proxy.reset();
    await until(() => store.pending > 1);
    answer.resolve();
    expect(await failed).not.toBe("");
    await until(() => store.pending === 0);
    expect(readdirSync(library.path).filter((name) => name !== ".leat")).toEqual(["docs"]);
  },
);
