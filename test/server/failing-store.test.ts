/**
 * A store that somebody else wrote fails at any of its methods, in any way: the client hears what went
 * wrong first, only its stream ends, and nothing of it stays held.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type Client,
  connect,
  createServer,
  LeatError,
  type Log,
  openDiskStore,
  type Server,
} from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { refusal } from "../support/refusal.ts";
import { FailingStore, type How, type Method } from "../support/failing-store.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { until } from "../support/until.ts";

const HOWS: readonly How[] = ["throws", "rejects"];
/** Files that may be open: what is not given back is soon missing. */
const FILES = 3;
/** More than that. */
const TIMES = 8;
const BYTES = Buffer.alloc(3 * MiB, "leat");

let folder: TemporaryFolder;
let store: FailingStore;
let server: Server;
let client: Client;
let warned: string[];

beforeEach(async () => {
  folder = new TemporaryFolder();
  folder.file("there", BYTES);
  folder.folder("many");
  store = new FailingStore(openDiskStore(folder.path));
  warned = [];
  const log: Log = {
    debug() {},
    info() {},
    warn: (_facts, message) => void warned.push(message),
    error: (_facts, message) => void warned.push(message),
  };
  server = await createServer({ store, durability: "none", maxOpenFiles: FILES, log });
  client = await connect(server.address);
});

afterEach(async () => {
  await client.close();
  store.heal();
  await server.stop({ drain: 0 });
  expect(server.connections).toBe(0);
  folder[Symbol.dispose]();
});

const fault = (): LeatError => new LeatError("QUOTA_EXCEEDED", "the first fault");
const second = (): Error => new Error("the second fault");

/** Everything works on the same connection, and as many files may be open as before. */
async function isFine(): Promise<void> {
  store.heal();
  const name = `fine-${crypto.randomUUID()}`;
  await until(
    async () => {
      try {
        await client.put(name, BYTES);
        return true;
      } catch (thrown) {
        // What ended a moment ago may still be letting go.
        expect(thrown).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
        return false;
      }
    },
    () => store.asked.slice(-20),
  );
  expect(Buffer.compare(await (await client.get(name)).bytes(), BYTES)).toBe(0);
  await client.remove(name);
  expect((await client.status()).streams).toBe(1);
}

const uploadId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));

async function* unknown(): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(0, MiB);
  yield BYTES.subarray(MiB);
}

const OPERATIONS: Readonly<Partial<Record<Method, () => Promise<unknown>>>> = {
  page: () => Array.fromAsync(client.list("")),
  stat: () => client.stat("there"),
  open: async () => (await client.get("there")).bytes(),
  read: async () => (await client.get("there")).bytes(),
  currentVersion: async () => (await client.get("there")).bytes(),
  create: () => client.put("new", BYTES),
  write: () => client.put("new", BYTES),
  commit: () => client.put("new", BYTES),
  remove: () => client.remove("there"),
  makeDirectory: () => client.makeDirectory("folder"),
  rename: () => client.rename("there", "else"),
};

describe.each(HOWS)("a store whose method %s", (how) => {
  for (const [method, operation] of Object.entries(OPERATIONS) as [Method, () => Promise<void>][]) {
    test.each(HOWS)(
      `${method}, and letting go of the file %s as well: told as it was`,
      async (also) => {
        store.later = how === "rejects";
        store.fail(method, how, fault());
        store.fail("discard", also, second());
        store.fail("keep", also, second());
        store.fail("close", "throws", second());
        for (let i = 0; i < TIMES; i += 1) {
          const { code, message } = await refusal(operation());
          expect({ code, message }).toEqual({ code: "QUOTA_EXCEEDED", message: "the first fault" });
        }
        await isFine();
      },
    );
  }

  test("is discard, of an upload whose size is unknown and whose write fails", async () => {
    store.fail("write", how, fault());
    store.fail("discard", how, second());
    for (let i = 0; i < TIMES; i += 1) {
      expect((await refusal(client.put("new", unknown()))).code).toBe("QUOTA_EXCEEDED");
    }
    expect(warned).toContain("cannot release the partial file of new: the second fault");
    await isFine();
  });

  test("is discard, of uploads that are cancelled", async () => {
    using peer = await RawPeer.welcomed(server.port);
    store.fail("discard", how, second());
    for (let id = 1; id <= 2 * TIMES; id += 2) {
      peer.request(id, { case: "put", value: { path: "new", uploadId: uploadId(), size: 100 } });
      expect(await answered(peer, id)).toBe("put");
      peer.data(id, 0, new Uint8Array(10));
      peer.frame(id, { case: "cancel", value: {} });
      expect(await refused(peer, id)).toBe("CANCELLED");
    }
    await isFine();
  });

  test("is discard, of an upload that breaks a rule and of one with a wrong checksum", async () => {
    using peer = await RawPeer.welcomed(server.port);
    store.fail("discard", how, second());
    for (const [id, code, offset] of [
      [1, "CHECKSUM_MISMATCH", 0],
      [2, "PROTOCOL_ERROR", 7],
    ] as const) {
      peer.request(id, { case: "put", value: { path: "new", uploadId: uploadId(), size: 10 } });
      expect(await answered(peer, id)).toBe("put");
      peer.data(id, offset, new Uint8Array(10), 1);
      expect(await refused(peer, id)).toBe(code);
    }
    await isFine();
  });

  test.each<["discard" | "keep", number]>([
    ["discard", 10],
    ["keep", MiB],
  ])("is %s, of uploads whose connection goes", async (method, sent) => {
    store.fail(method, how, second());
    for (let i = 0; i < TIMES; i += 1) {
      using peer = await RawPeer.welcomed(server.port);
      const value = { path: "new", uploadId: uploadId(), size: 2 * MiB };
      peer.request(1, { case: "put", value });
      expect(await answered(peer, 1)).toBe("put");
      for (let at = 0; at < sent; at += 64 * KiB) {
        const bytes = new Uint8Array(Math.min(64 * KiB, sent - at));
        peer.data(1, at, bytes, at + bytes.length === MiB ? crc32(new Uint8Array(MiB)) : undefined);
      }
      peer.fin();
      expect(await refused(peer, 1)).toBe("CONNECTION_LOST");
    }
    expect(store.asked).toContain(method);
    await until(
      () => server.connections === 1,
      () => server.connections,
    );
    await isFine();
  });

  test("is create, of an upload that was cancelled meanwhile", async () => {
    using peer = await RawPeer.welcomed(server.port);
    store.fail("create", how, fault());
    for (let id = 1; id <= TIMES; id += 1) {
      peer.together(() => {
        peer.request(id, { case: "put", value: { path: "new", uploadId: uploadId(), size: 10 } });
        peer.frame(id, { case: "cancel", value: {} });
      });
      expect(["CANCELLED", "QUOTA_EXCEEDED"]).toContain(await refused(peer, id));
    }
    await isFine();
  });

  test("is fetch: what there is to read is read", async () => {
    store.fail("fetch", "rejects", fault());
    store.fail("close", "throws", second());
    for (let i = 0; i < TIMES; i += 1) {
      expect(Buffer.compare(await (await client.get("there")).bytes(), BYTES)).toBe(0);
    }
    await isFine();
  });

  test("is read, though it said it answers at once", async () => {
    store.fail("read", "rejects", fault());
    for (let i = 0; i < TIMES; i += 1) {
      const { code, message } = await refusal((await client.get("there")).bytes());
      expect(code).toBe("INTERNAL");
      expect(message).toContain("a source that answers at once has answered later");
    }
    await isFine();
  });
});

/** What comes on a stream, Credit aside. */
async function heard(peer: RawPeer, stream: number) {
  let body = await peer.body(stream);
  while (body.case === "credit") body = await peer.body(stream);
  return body;
}

async function answered(peer: RawPeer, stream: number): Promise<string | undefined> {
  const body = await heard(peer, stream);
  if (body.case !== "response") throw new Error(`${body.case}: ${JSON.stringify(body.value)}`);
  return body.value.result?.case;
}

async function refused(peer: RawPeer, stream: number): Promise<string> {
  const body = await heard(peer, stream);
  if (body.case !== "failure") throw new Error(`${body.case} came where a failure was expected`);
  return body.value.code;
}
