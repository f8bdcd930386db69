/** Servers that send holes where none may come, or other ones than they may. */
import { describe, expect, test } from "bun:test";
import { crc32OfZeros } from "../../src/crc32.ts";
import { type Client, connect, LeatError } from "../../src/index.ts";
import { GiB, MiB } from "../../src/limits.ts";
import { HOLES } from "../../src/wire/features.ts";
import { left } from "../resume/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Operation, type Peer, ScriptedServer } from "../support/scripted-server.ts";

type Answer = (operation: Operation, stream: number, peer: Peer) => void;

async function codeOf(
  call: (client: Client) => Promise<unknown>,
  request: Answer,
  features: readonly string[] = [HOLES],
): Promise<string> {
  using server = new ScriptedServer({ request, features });
  await using client = await connect(server.address, { retry: 0 });
  const thrown = await call(client).then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof LeatError ? thrown.code : `${String(thrown)}`;
}

const hole = (peer: Peer, stream: number, offset: number, length: number, crc32?: number): void =>
  peer.frame(stream, {
    case: "hole",
    value: { offset, length, crc32: crc32 ?? crc32OfZeros(length) },
  });

/** Answers a get with so many bytes, and what `send` sends of them. */
const file =
  (size: number, send: (peer: Peer, stream: number) => void): Answer =>
  (_operation, stream, peer) => {
    const entry = { name: "f", kind: "FILE", size, version: "v" } as const;
    const value = { entry, offset: 0, length: size, allocated: 0 };
    peer.answer(stream, { case: "get", value });
    send(peer, stream);
  };

const finish = (peer: Peer, stream: number, size: number): void =>
  peer.frame(stream, { case: "finish", value: { size, crc32: crc32OfZeros(size) } });

describe("a hole", () => {
  const WRONG: [string, string, number, (peer: Peer, stream: number) => void][] = [
    ["out of order", "PROTOCOL_ERROR", 3 * MiB, (peer, id) => hole(peer, id, MiB, MiB)],
    [
      "twice",
      "PROTOCOL_ERROR",
      3 * MiB,
      (peer, id) => {
        hole(peer, id, 0, MiB);
        hole(peer, id, 0, MiB);
      },
    ],
    ["of nothing", "PROTOCOL_ERROR", 3 * MiB, (peer, id) => hole(peer, id, 0, 0)],
    ["beyond the file", "SIZE_MISMATCH", 3 * MiB, (peer, id) => hole(peer, id, 0, 4 * MiB)],
    [
      "that is shorter",
      "SIZE_MISMATCH",
      3 * MiB,
      (peer, id) => {
        hole(peer, id, 0, MiB + 5);
        finish(peer, id, MiB + 5);
      },
    ],
    [
      "with a wrong checksum",
      "CHECKSUM_MISMATCH",
      3 * MiB,
      (peer, id) => hole(peer, id, 0, MiB, 9),
    ],
    [
      "larger than any file",
      "TOO_LARGE",
      2 ** 53 - MiB,
      (peer, id) => {
        hole(peer, id, 0, 2 ** 53 - MiB);
        finish(peer, id, 2 ** 53 - MiB);
      },
    ],
  ];

  test.each(WRONG)("%s fails, and no file is there", async (_what, code, size, send) => {
    using here = new TemporaryFolder();
    const answer = file(size, send);
    const options = { durability: "none" } as const;
    const told = await codeOf((client) => client.download("f", here.at("f"), options), answer);
    expect(told).toBe(code);
    expect(left(here.path).filter((name) => !name.startsWith(".f.leat"))).toEqual([]);
  });

  test("with SHA-256, or from a server that has not named it, is refused", async () => {
    const answer = file(3 * MiB, (peer, id) => hole(peer, id, 0, 3 * MiB));
    const bytes = async (client: Client, sha256: boolean) =>
      (await client.get("f", { sha256 })).bytes();
    expect(await codeOf((client) => bytes(client, true), answer)).toBe("PROTOCOL_ERROR");
    expect(await codeOf((client) => bytes(client, false), answer, [])).toBe("PROTOCOL_ERROR");
  });

  test("in a tree, and in an upload, is refused", async () => {
    const walk: Answer = (operation, stream, peer) => {
      if (operation.case !== "walk") return peer.fail(stream, "NOT_FOUND");
      const entry = { name: "t", kind: "DIRECTORY" } as const;
      peer.answer(stream, { case: "walk", value: { entry } });
      hole(peer, stream, 0, MiB);
    };
    const entries = async (client: Client): Promise<void> => {
      for await (const _entry of client.walk("t"));
    };
    expect(await codeOf(entries, walk)).toBe("PROTOCOL_ERROR");
    const put: Answer = (_operation, stream, peer) => hole(peer, stream, 0, MiB);
    expect(await codeOf((client) => client.put("f", new Uint8Array(9)), put)).toBe(
      "PROTOCOL_ERROR",
    );
  });
});

test("a hole without end holds up neither its reader nor anyone else", async () => {
  const size = 2 ** 53 - 1;
  const request = file(size, (peer, stream) => hole(peer, stream, 0, size));
  using server = new ScriptedServer({ request, features: [HOLES] });
  await using client = await connect(server.address, { retry: 0 });
  let [read, ticks] = [0, 0];
  const ticker = setInterval(() => (ticks += 1), 1);
  for await (const bytes of await client.get("f")) {
    read += bytes.length;
    if (read > GiB) break;
  }
  clearInterval(ticker);
  expect(ticks).toBeGreaterThan(5);
  expect(await client.ping()).toBeGreaterThan(0);
});
