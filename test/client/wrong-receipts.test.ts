/** Receipts that do not match the upload. */
import { describe, expect, test } from "bun:test";
import { type Client, connect, type PutOptions } from "../../src/index.ts";
import { crc32, createSha256 } from "../../src/hash.ts";
import type { Put, Receipt } from "../../src/wire/gen/messages.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Peer, ScriptedServer } from "../support/scripted-server.ts";

const BYTES = new Uint8Array(50_000).fill(5);

function digest(contents: string | Uint8Array): Uint8Array {
  const hash = createSha256();
  hash.update(Buffer.from(contents));
  return hash.digest();
}

/** What an honest server says. */
function honest({ path, uploadId }: Put): Receipt {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return {
    entry: {
      name,
      kind: "FILE",
      size: BYTES.length,
      version: "v",
      mode: 0o644,
      link: false,
      target: "",
    },
    uploadId,
    crc32: crc32(BYTES),
    durability: "DURABILITY_FSYNC",
    skipped: false,
    modeNotSet: false,
    modifiedNotSet: false,
    notSynced: false,
  };
}

type Lie = (receipt: Receipt) => Receipt;

/** Takes uploads, and lies in its receipts. @param early before all could be sent */
function lying(lie: Lie, early = false): ScriptedServer {
  const puts = new Map<number, Put>();
  const receipt = (stream: number, put: Put, peer: Peer): void =>
    peer.frame(stream, { case: "receipt", value: lie(honest(put)) });
  return new ScriptedServer({
    window: early ? 16_384 : 1_000_000,
    request: (operation, stream, peer) => {
      if (operation.case === "makeDirectory") {
        const value = { name: "t", kind: "DIRECTORY" } as const;
        return peer.answer(stream, { case: "makeDirectory", value });
      }
      // A tree asks with a folder of a moment whether it would be sent into itself.
      if (operation.case === "remove") {
        return peer.answer(stream, { case: "remove", value: {} });
      }
      if (operation.case === "putTree") return peer.fail(stream, "UNIMPLEMENTED");
      if (operation.case !== "put") return peer.fail(stream, "NOT_FOUND");
      if (early) return receipt(stream, operation.value, peer);
      puts.set(stream, operation.value);
      const value = { durableOffset: 0, uploadId: operation.value.uploadId };
      peer.answer(stream, { case: "put", value });
    },
    said: (said, peer) => {
      if ("body" in said && said.body.case === "finish") {
        receipt(said.stream, puts.get(said.stream)!, peer);
      }
    },
  });
}

const LIES: Readonly<Record<string, Lie>> = {
  "another CRC-32": (receipt) => ({ ...receipt, crc32: 1 }),
  "no CRC-32": (receipt) => ({ ...receipt, crc32: 0 }),
  "another size": (receipt) => ({ ...receipt, entry: { ...receipt.entry!, size: 4 } }),
  "another id": (receipt) => ({ ...receipt, uploadId: new Uint8Array(16) }),
  "no id": (receipt) => ({ ...receipt, uploadId: new Uint8Array(0) }),
  "another name": (receipt) => ({ ...receipt, entry: { ...receipt.entry!, name: "other" } }),
  "no entry": (receipt) => ({ ...receipt, entry: undefined }),
  "a folder": (receipt) => ({ ...receipt, entry: { ...receipt.entry!, kind: "DIRECTORY" } }),
  skipped: (receipt) => ({ ...receipt, skipped: true }),
};

describe("a receipt of an upload", () => {
  const refused = async (server: ScriptedServer, options: PutOptions = {}): Promise<void> => {
    await using client = await connect(server.address, { retry: 60_000 });
    const putting = client.put("folder/file", BYTES, options);
    await expect(putting).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  };

  test.each(Object.entries(LIES))("with %s is none", async (_name, lie) => {
    using server = lying(lie);
    await refused(server, { ifExists: "replace" });
  });

  test("before a byte was sent is none", async () => {
    using server = lying((receipt) => receipt, true);
    await refused(server);
  });

  test("with another SHA-256, or without it, is none", async () => {
    using other = lying((receipt) => ({ ...receipt, sha256: digest("other") }));
    await refused(other, { sha256: true });
    using none = lying((receipt) => receipt);
    await refused(none, { sha256: true });
  });

  test("that is true is one; also skipped, where that was asked for, at whatever time", async () => {
    using server = lying((receipt) => ({ ...receipt, sha256: digest(BYTES) }));
    await using client = await connect(server.address);
    const receipt = await client.put("folder/file", BYTES, { sha256: true });
    expect(receipt).toMatchObject({ durability: "fsync", skipped: false });
    for (const early of [true, false]) {
      using skipping = lying((receipt) => ({ ...receipt, skipped: true, crc32: 0 }), early);
      await using other = await connect(skipping.address);
      expect((await other.put("file", BYTES, { ifExists: "skip" })).skipped).toBe(true);
    }
  });

  test("of a stream, a Blob or a file is looked at as well", async () => {
    using folder = new TemporaryFolder();
    const file = folder.file("file", BYTES);
    const sources = [
      () => new Blob([BYTES]).stream(),
      () => new Blob([BYTES]),
      () => Bun.file(file),
    ];
    for (const source of sources) {
      for (const lie of [LIES["another CRC-32"]!, LIES["another size"]!]) {
        using server = lying(lie);
        await using client = await connect(server.address);
        const putting = client.put("file", source());
        await expect(putting).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
      }
    }
  });
});

describe("a receipt of a tree's small file", () => {
  test.each(Object.entries(LIES))("with %s is none", async (_name, lie) => {
    using folder = new TemporaryFolder();
    folder.file("t/file", BYTES);
    using server = lying(lie);
    await using client = await connect(server.address);
    expect(await failures(client, folder.at("t"))).toEqual(["t/file PROTOCOL_ERROR"]);
  });

  test("before it was sent is none", async () => {
    using folder = new TemporaryFolder();
    folder.file("t/file", BYTES);
    using server = lying((receipt) => receipt, true);
    await using client = await connect(server.address);
    expect(await failures(client, folder.at("t"))).toEqual(["t/file PROTOCOL_ERROR"]);
  });

  async function failures(client: Client, from: string): Promise<string[]> {
    const failed: string[] = [];
    for await (const { path, error } of client.putTreeOutcomes(from, "t", {
      ifExists: "replace",
    })) {
      if (error !== undefined) failed.push(`${path} ${error.code}`);
    }
    return failed;
  }
});

describe("a receipt that is asked for again", () => {
  /** The first try is cut once all of it came; what is asked then is answered at once. */
  function repeating(lie: Lie): ScriptedServer {
    return new ScriptedServer({
      window: 1_000_000,
      request: (operation, stream, peer) => {
        if (operation.case !== "put" || !operation.value.resume) return;
        peer.frame(stream, { case: "receipt", value: lie(honest(operation.value)) });
      },
      said: (said, peer) => {
        if ("body" in said && said.body.case === "finish") peer.cut();
      },
    });
  }

  const sources: Readonly<Record<string, (file: string) => Blob | Uint8Array>> = {
    bytes: () => BYTES,
    "a Blob": () => new Blob([BYTES]),
    "a file": (file) => Bun.file(file),
  };

  test.each(Object.entries(sources))(
    "is compared with what was sent: %s",
    async (_name, source) => {
      using folder = new TemporaryFolder();
      const file = folder.file("file", BYTES);
      using server = repeating((receipt) => receipt);
      await using client = await connect(server.address, { retry: 60_000 });
      expect((await client.put("file", source(file))).crc32).toBe(crc32(BYTES));
      for (const lie of ["another CRC-32", "another size", "another id", "skipped"]) {
        using other = repeating(LIES[lie]!);
        await using deceived = await connect(other.address, { retry: 60_000 });
        const putting = deceived.put("file", source(file));
        await expect(putting).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
      }
    },
  );
});
