/** Servers that answer something else than what they were asked for. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { isBefore } from "../../src/client/calls/page.ts";
import { crc32 } from "../../src/hash.ts";
import { MiB } from "../../src/limits.ts";
import type { Entry } from "../../src/wire/gen/messages.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Peer, ScriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const SIZE = 3 * MiB;
const OLD = new Uint8Array(SIZE).fill(1);
const NEW = new Uint8Array(SIZE).fill(2);

interface Begun {
  readonly stream: number;
  readonly offset: number;
  readonly ifMatch: string | undefined;
  readonly peer: Peer;
}

/** The connection ends behind the first block of the first get; all others are passed to `again`. */
function cutting(again: (get: Begun) => void, version = "one"): ScriptedServer {
  let gets = 0;
  return new ScriptedServer({
    request: (operation, stream, peer) => {
      if (operation.case !== "get") return;
      const { offset, ifMatch } = operation.value;
      gets += 1;
      if (gets > 1) return again({ stream, offset, ifMatch, peer });
      const entry = { name: "x", kind: "FILE", size: SIZE, version } as const;
      peer.answer(stream, { case: "get", value: { entry, offset: 0, length: SIZE } });
      peer.blocks(stream, OLD, 0, MiB);
      peer.end();
    },
  });
}

const other = ({ stream, offset, peer }: Begun): void =>
  peer.file(stream, { name: "x", version: "two" }, NEW, offset);

/** Head of a get as it should not be. */
function head(change: { size?: number; offset?: number; length?: number }) {
  return ({ stream, offset, peer }: Begun): void => {
    const entry = { name: "x", kind: "FILE", size: change.size ?? SIZE, version: "one" } as const;
    const from = change.offset ?? offset;
    const value = { entry, offset: from, length: change.length ?? SIZE - from };
    peer.answer(stream, { case: "get", value });
  };
}

describe("another version, where a download goes on", () => {
  test("is CHANGED, and nothing is joined: save, bytes, blocks", async () => {
    using local = new TemporaryFolder();
    for (const take of ["save", "bytes", "blocks"] as const) {
      using server = cutting(other);
      await using client = await connect(server.address, { retry: 60_000 });
      await using download = await client.get("x");
      const taking = async (): Promise<void> => {
        if (take === "save") await download.save(local.at("x"));
        if (take === "bytes") await download.bytes();
        if (take === "blocks") for await (const bytes of download) expect(bytes[0]).toBe(1);
      };
      await expect(taking()).rejects.toMatchObject({ code: "CHANGED" });
      expect(readdirSync(local.path)).toEqual([]);
    }
  });

  test("download begins anew, and has one version whole", async () => {
    using local = new TemporaryFolder();
    using server = cutting(other);
    await using client = await connect(server.address, { retry: 60_000 });
    const { entry } = await client.download("x", local.at("x"));
    expect(entry.version).toBe("two");
    expect(Buffer.compare(await Bun.file(local.at("x")).bytes(), NEW)).toBe(0);
    expect(readdirSync(local.path)).toEqual(["x"]);
  });

  test("so it is when an earlier process has left something", async () => {
    using local = new TemporaryFolder();
    using server = cutting(other);
    await using client = await connect(server.address);
    await expect(client.download("x", local.at("x"))).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    expect(readdirSync(local.path)).toHaveLength(2);
    await using next = await connect(server.address);
    const resumed: number[] = [];
    await next.download("x", local.at("x"), { onResume: (offset) => void resumed.push(offset) });
    expect(resumed).toEqual([0]);
    expect(Buffer.compare(await Bun.file(local.at("x")).bytes(), NEW)).toBe(0);
    expect(readdirSync(local.path)).toEqual(["x"]);
  });

  test("no version at all is none that can be gone on with", async () => {
    using server = cutting(({ stream, offset, peer }) => {
      peer.file(stream, { name: "x", version: "" }, OLD, offset);
    }, "");
    await using client = await connect(server.address, { retry: 60_000 });
    const bytes = (await client.get("x")).bytes();
    await expect(bytes).rejects.toMatchObject({ code: "CHANGED" });
  });

  test.each([
    ["from another offset", "PROTOCOL_ERROR", head({ offset: 0 })],
    ["less", "PROTOCOL_ERROR", head({ length: MiB })],
    ["more", "PROTOCOL_ERROR", head({ length: SIZE })],
    ["of another size", "CHANGED", head({ size: SIZE + 1, length: SIZE - MiB })],
  ])("%s is %s", async (_name, code, again) => {
    using server = cutting(again);
    await using client = await connect(server.address, { retry: 60_000 });
    const bytes = (await client.get("x")).bytes();
    await expect(bytes).rejects.toMatchObject({ code });
  });
});

describe("a get that is answered with something else", () => {
  test("another version than ifMatch", async () => {
    using server = new ScriptedServer({
      request: (_get, stream, peer) => peer.file(stream, { name: "x", version: "two" }, NEW),
    });
    await using client = await connect(server.address);
    const get = client.get("x", { ifMatch: "one" });
    await expect(get).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  });

  test.each([
    ["another offset", { offset: 5 }, { offset: 4, length: SIZE - 4 }],
    ["more than its length", { length: 5 }, { offset: 0, length: 6 }],
    ["less than there is", {}, { offset: 0, length: 6 }],
    ["more than there is", {}, { offset: 0, length: SIZE + 1 }],
  ])("%s", async (_name, options, answer) => {
    using server = new ScriptedServer({
      request: (_get, stream, peer) => {
        const entry = { name: "x", kind: "FILE", size: SIZE, version: "one" } as const;
        peer.answer(stream, { case: "get", value: { entry, ...answer } });
      },
    });
    await using client = await connect(server.address);
    const get = client.get("x", options);
    await expect(get).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test.each([[2 ** 53 - 1], [2 ** 33], [2 ** 32 + 1]])(
    "of %d bytes does not fit into memory",
    async (size) => {
      using server = new ScriptedServer({
        request: (_get, stream, peer) => {
          const entry = { name: "x", kind: "FILE", size, version: "one" } as const;
          peer.answer(stream, { case: "get", value: { entry, offset: 0, length: size } });
        },
      });
      await using client = await connect(server.address);
      for (const take of ["bytes", "text"] as const) {
        const taking = (await client.get("x"))[take]();
        await expect(taking).rejects.toMatchObject({ code: "TOO_LARGE" });
      }
      const cancels = (): number =>
        server.heard.filter((said) => "body" in said && said.body.case === "cancel").length;
      await until(() => cancels() === 2, cancels);
    },
  );

  test("and says that 2 GiB come: no memory is taken before they do", async () => {
    using server = new ScriptedServer({
      request: (_get, stream, peer) => {
        const entry = { name: "x", kind: "FILE", size: 2 ** 31, version: "one" } as const;
        peer.answer(stream, { case: "get", value: { entry, offset: 0, length: 2 ** 31 } });
        peer.cut();
      },
    });
    await using client = await connect(server.address);
    const bytes = (await client.get("x")).bytes();
    await expect(bytes).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});

test.each(["bytes", "download"] as const)(
  "a file that goes on behind its end is none: %s",
  async (take) => {
    const whole = new Uint8Array(MiB + 5);
    using server = new ScriptedServer({
      request: (_get, stream, peer) => {
        const entry = { name: "x", kind: "FILE", size: MiB + 2, version: "one" } as const;
        peer.answer(stream, { case: "get", value: { entry, offset: 0, length: MiB + 2 } });
        peer.data(stream, 0, whole.subarray(0, MiB), crc32(whole.subarray(0, MiB)));
        peer.data(stream, MiB, whole.subarray(MiB), crc32(whole.subarray(MiB)));
        const value = { size: whole.length, crc32: crc32(whole) };
        peer.frame(stream, { case: "finish", value });
      },
    });
    using local = new TemporaryFolder();
    await using client = await connect(server.address);
    const taking =
      take === "bytes" ? (await client.get("x")).bytes() : client.download("x", local.at("x"));
    await expect(taking).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(existsSync(local.at("x"))).toBe(false);
  },
);

describe("a stream of a download", () => {
  test("that is cancelled while it waits for a block ends", async () => {
    using server = new ScriptedServer({
      request: (_get, stream, peer) => {
        const entry = { name: "x", kind: "FILE", size: SIZE, version: "one" } as const;
        peer.answer(stream, { case: "get", value: { entry, offset: 0, length: SIZE } });
      },
    });
    await using client = await connect(server.address);
    const reader = (await client.get("x")).stream().getReader();
    const read = reader.read();
    await reader.cancel();
    expect((await read).done).toBe(true);
    const cancelled = (): boolean =>
      server.heard.some((said) => "body" in said && said.body.case === "cancel");
    await until(cancelled, () => server.heard);
  });
});

describe("a small file of a tree", () => {
  const bytes = new Uint8Array(1000).fill(9);

  /** Through memory, and then the ordinary way: both refuse it. */
  test.each<[string, (peer: Peer, stream: number) => void]>([
    [
      "bytes behind the CRC of a short block",
      (peer, stream) => {
        peer.data(stream, 0, bytes.subarray(0, 500), crc32(bytes.subarray(0, 500)));
        peer.data(stream, 500, bytes.subarray(500), crc32(bytes.subarray(500)));
      },
    ],
    [
      "one byte more",
      (peer, stream) => {
        peer.data(stream, 0, bytes);
        peer.data(stream, 1000, new Uint8Array(1));
      },
    ],
    ["one byte less", (peer, stream) => peer.blocks(stream, bytes, 0, 999)],
    ["a wrong CRC", (peer, stream) => peer.data(stream, 0, bytes, 1)],
  ])("with %s fails", async (_name, send) => {
    using local = new TemporaryFolder();
    using server = new ScriptedServer({
      request: (operation, stream, peer) => {
        const entry: Partial<Entry> = { name: "x", kind: "FILE", size: 1000, version: "one" };
        if (operation.case === "stat") return peer.answer(stream, { case: "stat", value: entry });
        peer.answer(stream, { case: "get", value: { entry, offset: 0, length: 1000 } });
        send(peer, stream);
        const value = { size: bytes.length, crc32: crc32(bytes) };
        peer.frame(stream, { case: "finish", value });
      },
    });
    await using client = await connect(server.address);
    const errors = [];
    for await (const { error } of client.getTreeOutcomes("x", local.at("x"))) errors.push(error);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.code).toMatch(/^(PROTOCOL_ERROR|SIZE_MISMATCH|CHECKSUM_MISMATCH)$/);
    expect(readdirSync(local.path)).toEqual([]);
  });
});

describe("pages of a folder", () => {
  /** Each page is what `page` says; then comes another one, without end. */
  function paging(page: (index: number) => Partial<Entry>[], isLast = false): ScriptedServer {
    let index = 0;
    return new ScriptedServer({
      request: (operation, stream, peer) => {
        const folder = { name: "t", kind: "DIRECTORY" } as const;
        if (operation.case === "stat") return peer.answer(stream, { case: "stat", value: folder });
        const entries = page(index);
        index += 1;
        peer.answer(stream, { case: "list", value: { entries } });
        peer.frame(stream, { case: "finish", value: isLast ? {} : { cursor: `${index}` } });
      },
    });
  }

  const file = (name: string): Partial<Entry> => ({ name, kind: "OTHER" });
  const many = (count: number, name: (index: number) => string): Partial<Entry>[] =>
    Array.from({ length: count }, (_, index) => file(name(index)));

  test.each<[string, () => ScriptedServer]>([
    ["without end and without an entry", () => paging(() => [])],
    ["that come again and again", () => paging(() => [file("a"), file("b")])],
    ["with 100,000 empty names", () => paging(() => many(100_000, () => ""))],
    ["with the same name 100,000 times", () => paging(() => many(100_000, () => "a"), true)],
    ["with names that go down", () => paging(() => [file("b"), file("a")], true)],
    ["with names in the order of UTF-16", () => paging(() => [file("\u{10000}"), file("\uff5e")])],
    ["with a name that has a slash", () => paging(() => [file("a/b")], true)],
    [
      "of more than 256 KiB",
      () => paging(() => many(60_000, (n) => `${n}`.padStart(6, "0")), true),
    ],
  ])("%s are refused: list, getTree", async (_name, server) => {
    using local = new TemporaryFolder();
    mkdirSync(local.at("t"));
    {
      using lying = server();
      await using client = await connect(lying.address);
      const listing = Array.fromAsync(client.list("t"));
      await expect(listing).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    }
    using lying = server();
    await using client = await connect(lying.address);
    const failed: unknown[] = [];
    for await (const { error } of client.getTreeOutcomes("t", local.at("t"))) {
      if (error !== undefined) failed.push(error.code);
    }
    expect(failed).toEqual(["PROTOCOL_ERROR"]);
    expect(readdirSync(local.at("t"))).toEqual([]);
  });

  test("names are compared as their UTF-8 bytes are", () => {
    const parts = ["", "a", "B", "z", "ä", "\ud7ff", "\ue000", "\uff5e", "\u{10000}", "\u{1f600}"];
    for (const a of parts.flatMap((one) => parts.map((two) => one + two))) {
      for (const b of parts.flatMap((one) => parts.map((two) => one + two))) {
        expect(isBefore(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0);
      }
    }
  });
});
