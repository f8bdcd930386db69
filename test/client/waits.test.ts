/** Waits with a signal: aborted before the call, meanwhile, and after it. */
import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, LeatError, connect } from "../../src/index.ts";
import { connectInMemory } from "../../src/testing.ts";
import { MiB } from "../../src/limits.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";
import { refusal } from "../support/refusal.ts";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

/** No rejection is left unhandled. */
async function withoutStrays(run: () => Promise<void>): Promise<void> {
  const strays: unknown[] = [];
  const note = (reason: unknown): void => void strays.push(reason);
  process.on("unhandledRejection", note);
  try {
    await run();
    await Bun.sleep(0);
    await new Promise<void>((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
  }
  expect(strays).toEqual([]);
}

/** Each method that takes a signal. */
const CALLS: Readonly<
  Record<string, (client: Client, signal: AbortSignal, local: string) => Promise<unknown>>
> = {
  stat: (client, signal) => client.stat("x", { signal }),
  list: async (client, signal) => {
    for await (const _ of client.list("", { signal }));
  },
  get: (client, signal) => client.get("x", { signal }),
  download: (client, signal, local) => client.download("x", join(local, "got"), { signal }),
  put: (client, signal) => client.put("y", new Uint8Array(3), { signal }),
  "put of a stream": (client, signal) => client.put("y", new Blob(["abc"]).stream(), { signal }),
  remove: (client, signal) => client.remove("x", { signal }),
  rename: (client, signal) => client.rename("x", "y", { signal }),
  makeDirectory: (client, signal) => client.makeDirectory("d", { signal }),
  checksum: (client, signal) => client.checksum("x", "CRC32", { signal }),
  status: (client, signal) => client.status({ signal }),
  ping: (client, signal) => client.ping({ signal }),
};

describe("a signal that was aborted before the call", () => {
  test.each(Object.entries(CALLS))("%s rejects once, and asks for nothing", async (_name, call) => {
    using local = new TemporaryFolder();
    using server = new ScriptedServer({});
    await using client = await connect(server.address);
    const signal = AbortSignal.abort();
    await withoutStrays(async () => {
      expect((await refusal(call(client, signal, local.path))).code).toBe("CANCELLED");
    });
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
    expect(server.heard).toEqual([]);
    expect(listeners(signal)).toBe(0);
  });

  test("connect makes no connection", async () => {
    using server = new ScriptedServer({});
    await withoutStrays(async () => {
      const error = await refusal(connect(server.address, { signal: AbortSignal.abort() }));
      expect(error.code).toBe("CANCELLED");
    });
    await using _client = await connect(server.address);
    expect(server.opened).toBe(1);
  });

  test("ends what waits for a connection that is made again", async () => {
    using server = new ScriptedServer({ request: (_operation, _stream, peer) => peer.cut() });
    const client = await connect(server.address, { retry: 60_000 });
    await withoutStrays(async () => {
      const stop = new AbortController();
      const lost = refusal(client.stat("x", { signal: stop.signal }));
      await until(
        () => server.asked.length > 0,
        () => server.asked,
      );
      stop.abort();
      expect((await lost).code).toBe("CANCELLED");
      server[Symbol.dispose](); // no server is left
      expect((await refusal(client.stat("x", { signal: stop.signal }))).code).toBe("CANCELLED");
      await client.close();
    });
  });
});

describe("a signal that is aborted while it waits", () => {
  test.each(Object.entries(CALLS))("%s rejects once, and listens no more", async (name, call) => {
    using local = new TemporaryFolder();
    using server = new ScriptedServer({ silent: false });
    await using client = await connect(server.address);
    const stop = new AbortController();
    const waiting = refusal(call(client, stop.signal, local.path));
    if (name === "ping") stop.abort();
    else
      await until(
        () => server.asked.length > 0,
        () => server.heard,
      );
    await withoutStrays(async () => {
      stop.abort();
      expect((await waiting).code).toBe("CANCELLED");
    });
    expect(listeners(stop.signal)).toBe(0);
  });

  test("one with a LeatError as its reason rejects with it", async () => {
    using server = new ScriptedServer({});
    await using client = await connect(server.address);
    const stop = new AbortController();
    const waiting = refusal(client.stat("x", { signal: stop.signal }));
    stop.abort(new LeatError("UNAVAILABLE", "the user has left"));
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE", message: "the user has left" });
  });

  test("requests that wait for a free stream forget it, too", async () => {
    using server = new ScriptedServer({ maxStreams: 1 });
    await using client = await connect(server.address);
    const stop = new AbortController();
    const waiting = [1, 2, 3].map((name) => refusal(client.stat(`${name}`, stop)));
    await until(
      () => server.asked.length > 0,
      () => server.heard,
    );
    expect(listeners(stop.signal)).toBe(3);
    stop.abort();
    for (const one of waiting) expect((await one).code).toBe("CANCELLED");
    expect(listeners(stop.signal)).toBe(0);
  });
});

describe("a signal is forgotten", () => {
  test("when the call is done, refused, lost, or cannot be said", async () => {
    await using leat = await connectInMemory();
    const { client } = leat;
    const { signal } = new AbortController();
    await client.put("x", new Uint8Array(10), { signal });
    await client.stat("x", { signal });
    await (await client.get("x", { signal })).bytes();
    await client.ping({ signal });
    expect((await refusal(client.stat("nope", { signal }))).code).toBe("NOT_FOUND");
    expect((await refusal(client.stat("\ud800", { signal }))).code).toBe("INVALID_ARGUMENT");
    await until(
      () => listeners(signal) === 0,
      () => listeners(signal),
    );
    const lost = refusal(client.checksum("x", "SHA256", { signal }));
    leat.cut();
    await lost;
    await refusal(client.stat("x", { signal }));
    expect(listeners(signal)).toBe(0);
  });

  test("when the server goes away while the call waits for a stream", async () => {
    using server = new ScriptedServer({
      maxStreams: 1,
      request: (_operation, stream, peer) => {
        const value = { lastStream: stream, code: "UNAVAILABLE", message: "going" } as const;
        peer.frame(0, { case: "goAway", value });
      },
    });
    await using client = await connect(server.address);
    const { signal } = new AbortController();
    const first = refusal(client.stat("1", { signal }));
    expect((await refusal(client.stat("2", { signal }))).code).toBe("UNAVAILABLE");
    expect(listeners(signal)).toBe(1);
    server[Symbol.dispose]();
    await first;
    expect(listeners(signal)).toBe(0);
  });
});

describe("AbortSignal.timeout", () => {
  test.each(Object.entries(CALLS))("%s says DEADLINE_EXCEEDED", async (name, call) => {
    using local = new TemporaryFolder();
    using server = new ScriptedServer({});
    await using client = await connect(server.address, { retry: 60_000 });
    const signal = AbortSignal.timeout(name === "ping" ? 0 : 20);
    if (name === "ping")
      await until(
        () => signal.aborted,
        () => name,
      );
    expect((await refusal(call(client, signal, local.path))).code).toBe("DEADLINE_EXCEEDED");
  });

  test("connect, too", async () => {
    using server = new ScriptedServer({ silent: true });
    const signal = AbortSignal.timeout(20);
    expect((await refusal(connect(server.address, { signal }))).code).toBe("DEADLINE_EXCEEDED");
    const late = await refusal(connect(server.address, { timeout: 20 }));
    expect(late).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(late.message).toContain("did not answer within 0.02 s");
    await until(
      () => server.closed === 2,
      () => server,
    );
  });

  test("a wait between two tries, too", async () => {
    using server = new ScriptedServer({
      request: (_operation, stream, peer) => peer.fail(stream, "UNAVAILABLE"),
    });
    await using client = await connect(server.address, { retry: 60_000 });
    const error = await refusal(client.stat("x", { signal: AbortSignal.timeout(300) }));
    expect(error.code).toBe("DEADLINE_EXCEEDED");
    expect(server.asked.length).toBeGreaterThan(1);
  });
});

describe("a connection that opens after its caller has given up", () => {
  test("is closed before a word is said", async () => {
    using server = new ScriptedServer({});
    const stop = new AbortController();
    const connecting = [refusal(connect(server.address, stop))];
    connecting.push(refusal(connect(server.address, { signal: stop.signal, timeout: 60_000 })));
    stop.abort(); // the system has not opened them yet
    for (const one of connecting) expect((await one).code).toBe("CANCELLED");
    await until(
      () => server.opened === server.closed && server.opened === 2,
      () => server,
    );
    expect(server.received).toEqual([0, 0]);
  });

  test("does not keep the process", async () => {
    using server = new ScriptedServer({ silent: true });
    using folder = new TemporaryFolder();
    const index = join(import.meta.dir, "../../src/index.ts");
    const script = folder.at("late.ts");
    const connecting = `connect("${server.address}", { signal: stop.signal, timeout: 600_000 })`;
    writeFileSync(
      script,
      `import { connect } from ${JSON.stringify(index)};
       const stop = new AbortController();
       const connecting = ${connecting};
       stop.abort();
       console.log(await connecting.catch((error) => error.code));`,
    );
    await using late = Bun.spawn([process.execPath, script], { stdout: "pipe" });
    expect(await late.stdout.text()).toBe("CANCELLED\n");
    expect(await late.exited).toBe(0);
  });
});

describe("a resume that is given up", () => {
  test("rejects once, and the verified blocks stay for the next one", async () => {
    using local = new TemporaryFolder();
    const contents = new Uint8Array(4 * MiB).fill(7);
    const entry = { name: "x", version: "one" };
    let tries = 0;
    using server = new ScriptedServer({
      request: (operation, stream, peer) => {
        if (operation.case !== "get") return;
        const { offset } = operation.value;
        tries += 1;
        if (tries === 3) return peer.file(stream, entry, contents, offset);
        const head = { entry: { ...entry, kind: "FILE", size: contents.length }, offset } as const;
        const value = { ...head, length: contents.length - offset };
        peer.answer(stream, { case: "get", value });
        if (tries === 1) peer.blocks(stream, contents, 0, 2 * MiB);
      },
    });
    await using client = await connect(server.address, { retry: 60_000 });
    const target = local.at("x");
    for (const at of [2 * MiB, 2 * MiB]) {
      const stop = new AbortController();
      const { signal } = stop;
      let seen = 0;
      const onProgress = (bytes: number): void => void (seen = bytes);
      const onResume = (offset: number): void => void (seen = offset);
      const waiting = refusal(client.download("x", target, { signal, onProgress, onResume }));
      await until(
        () => seen === at,
        () => seen,
      );
      await withoutStrays(async () => {
        stop.abort();
        expect((await waiting).code).toBe("CANCELLED");
      });
      await until(
        () => listeners(signal) === 0,
        () => listeners(signal),
      );
    }
    const offsets: number[] = [];
    await client.download("x", target, { onResume: (offset) => void offsets.push(offset) });
    expect(offsets).toEqual([2 * MiB]);
    expect(await Bun.file(target).bytes()).toEqual(contents);
  });
});
