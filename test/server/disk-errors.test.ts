/** A disk that fails in the middle: the kernel's answers are made up by strace, the rest is real. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { crc32 } from "../../src/hash.ts";
import { type Client, connect, type ErrorCode } from "../../src/index.ts";
import { MiB, WRITE_BEHIND } from "../../src/limits.ts";
import { refusal } from "../support/refusal.ts";
import { PARTIALS, startServer } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { openIn } from "../support/held.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";
import { LATE, until } from "../support/until.ts";
import { testExcept } from "../support/ways.ts";

const why = noStrace();
const BYTES = Buffer.alloc(3 * MiB, "leat");

/**
 * @param fault as strace's `inject`, one or more: which calls fail, how, and which of them
 * @param file only calls on this one: the runtime has files of its own
 */
async function withServer(
  fault: string,
  use: (server: StracedServer, library: TemporaryFolder) => Promise<void>,
  file?: string,
): Promise<void> {
  using folder = new TemporaryFolder();
  folder.file("there", BYTES);
  const only = file === undefined ? [] : ["-P", folder.at(file)];
  const faults = fault.split(" ").flatMap((one) => ["-e", `inject=${one}`]);
  const how = ["-qq", "-o", "/dev/null", ...only, ...faults];
  const kernelCopy = `--kernel-copy=${/sendfile/.test(fault) ? "on" : "off"}`;
  await using server = await StracedServer.start(folder.path, how, kernelCopy);
  await use(server, folder);
}

const withFault = (
  fault: string,
  use: (client: Client, library: TemporaryFolder) => Promise<void>,
  file?: string,
): Promise<void> =>
  withServer(
    fault,
    async (server, library) => {
      await using client = await connect(server.address);
      await use(client, library);
    },
    file,
  );

/** Partials that the server has open. */
const openUnder = (folder: string, pid: number): string[] =>
  openIn(pid).filter((target) => target.startsWith(`${folder}/`));

const names = async (client: Client): Promise<string[]> =>
  (await Array.fromAsync(client.list("", { hidden: true }))).map(({ name }) => name);

/** Each thread of the server's pool has a first call of its own that fails. */
const THREADS = 16;

/** @throws what `step` throws, once it does */
async function untilRefused(step: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + LATE;
  while (performance.now() < deadline) await step();
}

async function untilDone(step: () => Promise<unknown>, code: ErrorCode): Promise<void> {
  for (let left = THREADS; ; left -= 1) {
    try {
      return void (await step());
    } catch (thrown) {
      if (left === 0) throw thrown;
      expect(thrown).toMatchObject({ code });
    }
  }
}

describe.skipIf(why !== undefined)(`a disk${why === undefined ? "" : ` [${why}]`}`, () => {
  test.each<[what: string, fault: string, code: ErrorCode]>([
    ["the quota is used up", "pwrite64:error=EDQUOT:when=3", "QUOTA_EXCEEDED"],
    ["a write fails", "pwrite64:error=EIO:when=3", "IO_ERROR"],
    ["putting it on disk fails", "fsync,fdatasync,syncfs:error=EIO:when=1", "IO_ERROR"],
  ])(
    "on which %s refuses the upload: nothing of it is seen or stays, and the next one is whole",
    (_what, fault, code) =>
      withFault(fault, async (client, library) => {
        expect((await refusal(client.put("new", BYTES))).code).toBe(code);
        expect(await names(client)).toEqual(["there"]);
        await until(
          () => readdirSync(library.at(PARTIALS)).length === 0,
          () => readdirSync(library.at(PARTIALS)),
        );
        expect(Buffer.compare(await (await client.get("there")).bytes(), BYTES)).toBe(0);
        await untilDone(() => client.put("new", BYTES), code);
        expect(Buffer.compare(await Bun.file(library.at("new")).bytes(), BYTES)).toBe(0);
      }),
  );

  test("that cannot put the name of a folder on disk refuses it, and it is gone again", () =>
    withFault("fsync:error=EIO", async (client, library) => {
      expect((await refusal(client.makeDirectory("folder"))).code).toBe("IO_ERROR");
      const deep = client.makeDirectory("deep/deeper/deepest", { parents: true });
      expect((await refusal(deep)).code).toBe("IO_ERROR");
      expect(await names(client)).toEqual(["there"]);
      // What is moved stays where it is now: the other name may have been taken meanwhile.
      expect((await refusal(client.rename("there", "moved"))).code).toBe("IO_ERROR");
      expect(await names(client)).toEqual(["moved"]);
      expect(readFileSync(library.at("moved")).equals(BYTES)).toBe(true);
    }));

  test("that has no sync for folders makes and moves them all the same", () =>
    withFault("fsync:error=EINVAL", async (client) => {
      await client.makeDirectory("deep/deeper", { parents: true });
      await client.rename("deep/deeper", "moved");
      expect(await names(client)).toEqual(["deep", "moved", "there"]);
    }));

  test("gives small uploads their names where the kernel links no bare descriptor", () =>
    // Whoever goes the ordinary way has a name among the partials, which stays.
    withFault("linkat:error=ENOENT:when=1 unlink,unlinkat:error=EIO", async (client, library) => {
      const small = Buffer.from("small");
      for (const name of ["one", "two"]) await client.put(name, small);
      expect(readdirSync(library.at(PARTIALS))).toEqual([]);
      expect(readFileSync(library.at("one"), "utf8")).toBe("small");
      await expect(client.put("two", small)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    }));

  test("that failed while a long upload came refuses it, whatever the sync at its end says", () =>
    // Only what is put on disk meanwhile is asked for by fdatasync.
    withFault("fdatasync:error=EIO:when=1", async (client) => {
      const long = Buffer.alloc(WRITE_BEHIND + MiB, "leat");
      // While writes are as slow as those of a full disk, nothing is asked for meanwhile.
      const put = async (): Promise<void> => {
        await client.put("new", long);
        await client.remove("new");
      };
      expect((await refusal(untilRefused(put))).code).toBe("IO_ERROR");
      expect(await names(client)).toEqual(["there"]);
      await untilDone(() => client.put("new", long), "IO_ERROR");
      expect((await client.stat("new")).size).toBe(long.length);
    }));

  test("on which a read fails ends the download with IO_ERROR, and the next one is whole", () =>
    withFault(
      "pread64:error=EIO:when=2",
      async (client) => {
        const download = await client.get("there");
        expect((await refusal(download.bytes())).code).toBe("IO_ERROR");
        const again = await client.get("there");
        expect(Buffer.compare(await again.bytes(), BYTES)).toBe(0);
      },
      "there",
    ));

  const counted = testExcept(
    ["processes", "threads"],
    "the reads of each are counted by themselves",
  );

  counted("on which what the kernel was to copy fails: the client asks for that block again", () =>
    // The 5th is the first one behind those for the checksum of the first block, which has been promised then.
    withFault(
      "sendfile:error=EIO pread64:error=EIO:when=5",
      async (client) => {
        const download = await client.get("there");
        expect(Buffer.compare(await download.bytes(), BYTES)).toBe(0);
      },
      "there",
    ),
  );

  describe("that removes nothing", () => {
    const REMOVES = "unlink,unlinkat:error=EROFS";
    const size = 2 * MiB;

    const begin = async (peer: RawPeer, stream: number, declared?: number): Promise<void> => {
      const uploadId = crypto.getRandomValues(new Uint8Array(16));
      const value = { path: `new-${stream}`, uploadId, size: declared };
      peer.request(stream, { case: "put", value });
      while ((await peer.body(stream)).case !== "response");
    };
    const ended = async (peer: RawPeer, stream: number): Promise<string> => {
      let body = await peer.body(stream);
      while (body.case !== "failure") body = await peer.body(stream);
      return body.value.code;
    };

    test.each<[what: string, code: ErrorCode, end: (peer: RawPeer, stream: number) => void]>([
      ["are cancelled", "CANCELLED", (peer, id) => peer.frame(id, { case: "cancel", value: {} })],
      ["arrive damaged", "CHECKSUM_MISMATCH", (peer, id) => peer.data(id, 0, new Uint8Array(9), 1)],
      [
        "end early",
        "SIZE_MISMATCH",
        (peer, id) => peer.frame(id, { case: "finish", value: { size: 1, crc32: 0 } }),
      ],
      ["break a rule", "PROTOCOL_ERROR", (peer, id) => peer.data(id, 5, new Uint8Array(9))],
    ])("serves on when uploads %s, and stops in order", (_what, code, end) =>
      withServer(REMOVES, async (server, library) => {
        using peer = await RawPeer.welcomed(Number(server.address.split(":").at(-1)));
        for (const stream of [1, 2, 3, 4, 5]) await begin(peer, stream, size);
        for (const stream of [1, 2, 3, 4, 5]) {
          end(peer, stream);
          expect(await ended(peer, stream)).toBe(code);
        }
        peer.request(6, { case: "stat", value: { path: "there" } });
        expect((await peer.body(6)).case).toBe("response");
        expect(openUnder(library.at(PARTIALS), server.pid)).toEqual([]);
        peer[Symbol.dispose]();
        expect(await server.stop()).toBe(0);
      }),
    );

    test("serves on when connections with uploads go, in whatever way", () =>
      withServer(REMOVES, async (server, library) => {
        for (const goes of [
          (peer: RawPeer) => peer.fin(),
          (peer: RawPeer) => peer[Symbol.dispose](),
        ]) {
          using peer = await RawPeer.welcomed(Number(server.address.split(":").at(-1)));
          for (const stream of [1, 2, 3, 4, 5]) await begin(peer, stream, size);
          goes(peer);
        }
        await using client = await connect(server.address);
        await until(
          async () => (await client.status()).connections === 1,
          () => "connections are held",
        );
        expect(openUnder(library.at(PARTIALS), server.pid)).toEqual([]);
        await client.close();
        expect(await server.stop()).toBe(0);
      }));

    test.each(["getdents64:error=EIO", "openat,openat2,statx,newfstatat:error=EIO"])(
      "and cannot read what was left (%s): it serves all the same",
      async (fault) => {
        using library = new TemporaryFolder();
        library.file("there", BYTES);
        library.file(`${PARTIALS}/${"a".repeat(32)}.${"0".repeat(32)}`, BYTES);
        const how = ["-qq", "-o", "/dev/null", "-P", library.at(PARTIALS), "-e"];
        await using server = await StracedServer.start(library.path, [...how, `inject=${fault}`]);
        await using client = await connect(server.address);
        expect(Buffer.compare(await (await client.get("there")).bytes(), BYTES)).toBe(0);
        await client.close();
        expect(await server.stop()).toBe(0);
      },
    );

    const stays = testExcept(["processes"], "the process of a client ends with it, and closes all");

    stays("and cannot close a file: it is let go of, and what was kept is kept", async () => {
      using library = new TemporaryFolder();
      const uploadId = new Uint8Array(16).fill(7);
      const value = { path: "new", uploadId, size };
      const offsetOf = async (peer: RawPeer, resume: boolean): Promise<number | string> => {
        peer.request(1, { case: "put", value: { ...value, resume } });
        let body = await peer.body(1);
        while (body.case === "credit") body = await peer.body(1);
        if (body.case === "failure") return body.value.code;
        const result = body.case === "response" ? body.value.result : undefined;
        return result?.case === "put" ? result.value.durableOffset : body.case;
      };
      const block = BYTES.subarray(0, MiB);
      await using before = await startServer({ library: library.path });
      using first = await RawPeer.welcomed(before.port);
      expect(await offsetOf(first, false)).toBe(0);
      for (let at = 0; at < MiB; at += MiB / 16) {
        const bytes = block.subarray(at, at + MiB / 16);
        first.data(1, at, bytes, at + bytes.length === MiB ? crc32(block) : undefined);
      }
      first.fin();
      expect(await ended(first, 1)).toBe("CONNECTION_LOST");
      await before.stop({ drain: 0 });
      const [partial = ""] = readdirSync(library.at(PARTIALS));
      const how = ["-qq", "-o", "/dev/null", "-P", library.at(PARTIALS, partial)];
      await using server = await StracedServer.start(library.path, [
        ...how,
        "-e",
        "inject=close:error=EIO",
      ]);
      for (let i = 0; i < 3; i += 1) {
        using peer = await RawPeer.welcomed(Number(server.address.split(":").at(-1)));
        // What strace refuses is not closed, so the lock stays; a real one would be gone.
        expect(await offsetOf(peer, true)).toBe(i === 0 ? MiB : "UNAVAILABLE");
        peer.fin();
        await peer.ended();
      }
      expect(readdirSync(library.at(PARTIALS))).toEqual([partial]);
      expect(await server.stop()).toBe(0);
    });

    test("and fails to write: the upload ends as the write did, the server serves on", () =>
      withServer(`pwrite64:error=EIO:when=3+ ${REMOVES}`, async (server, library) => {
        await using client = await connect(server.address);
        async function* unknown(): AsyncGenerator<Uint8Array> {
          yield BYTES;
          yield BYTES;
        }
        for (const bytes of [BYTES, unknown(), BYTES, unknown()]) {
          expect((await refusal(client.put("new", bytes))).code).toBe("IO_ERROR");
        }
        expect(await names(client)).toEqual(["there"]);
        expect(openUnder(library.at(PARTIALS), server.pid)).toEqual([]);
        await client.close();
        expect(await server.stop()).toBe(0);
      }));
  });
});
