/**
 * What a server asks of the kernel for an upload, in order, as strace sees it: the data is on disk
 * before its name appears, and the name before the receipt leaves. A power cut cannot be had in a
 * test; this is what one would have to get past.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { MAX_FRAME, MiB } from "../../src/limits.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import type { FrameBody } from "../../src/wire/gen/messages.ts";
import { CLIENT_ALONE, environment, Served } from "../cli/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";
import { TLS_FILES } from "../support/tls.ts";
import { parseTrace, type TracedCall } from "./strace.ts";

const why = noStrace();
/** Why the server's answers cannot be read in what it sends. */
const sealed = why ?? (TLS_FILES === undefined ? undefined : "not with TLS: answers are read");
const SYNCS = ["fsync", "fdatasync", "syncfs"];
const NAMINGS = ["link", "linkat", "rename", "renameat", "renameat2"];
const MAKINGS = ["mkdir", "mkdirat"];
const WRITES = ["write", "writev", "pwrite64", "pwritev", "copy_file_range", "splice"];
const SENDS = ["sendto", "sendmsg", "write", "writev"];

describe.skipIf(sealed !== undefined)(
  `a commit${sealed === undefined ? "" : ` [${sealed}]`}`,
  () => {
    const folder = new TemporaryFolder();
    let calls: readonly TracedCall[];

    beforeAll(async () => {
      calls = await traced(folder, async (address) => {
        await using client = await connect(address);
        await client.makeDirectory("folder");
        const bytes = new Uint8Array(2 * MiB + 5).fill(7);
        await client.put("folder/new", bytes);
        await client.put("folder/new", bytes.subarray(5), { ifExists: "replace" });
        await client.put("folder/small", bytes.subarray(0, 100));
      });
    });

    afterAll(() => folder[Symbol.dispose]());

    test.each([
      ["of a new file", "folder/new", 0],
      ["that replaces one", "folder/new", 1],
      ["of a small file", "folder/small", 2],
    ] as const)("%s", (_name, path, number) => {
      const named = namings(calls, path).at(path === "folder/small" ? 0 : number)!;
      const receipt = receipts(calls)[number]!;
      const before = number === 0 ? 0 : receipts(calls)[number - 1]!.begun;
      const mine = calls.filter(({ begun }) => begun > before && begun <= receipt.begun);
      // It is made without a name in the folder it goes to, and the kernel goes on calling it so.
      const partial = /\/\.leat\/(?:users\/[^/]+\/)?partial\/[^/]+$|\/#\d+$/;
      const written = mine.filter(({ name, fd }) => WRITES.includes(name) && partial.test(fd));
      const syncs = (what: (fd: string) => boolean): TracedCall[] =>
        mine.filter(({ name, fd }) =>
          name === "syncfs" ? fd.startsWith(folder.path) : SYNCS.includes(name) && what(fd),
        );
      const data = syncs((fd) => partial.test(fd));
      const synced = syncs((fd) => fd === folder.at("library/folder"));
      expect(written.length).toBeGreaterThan(0);
      // All of it is written, then it is put on disk, then it gets its name …
      const safe = data.find(({ begun }) => written.every(({ ended }) => ended < begun))!;
      expect(safe.result).toBe("0");
      expect(safe.ended).toBeLessThan(named.begun);
      // … the name is put on disk, and then the client is told.
      const known = synced.find(({ begun }) => begun > named.ended)!;
      expect(known.result).toBe("0");
      expect(known.ended).toBeLessThan(receipt.begun);
    });
  },
);

describe.skipIf(sealed !== undefined)(
  `a folder${sealed === undefined ? "" : ` [${sealed}]`}`,
  () => {
    const folder = new TemporaryFolder();
    let calls: readonly TracedCall[];

    beforeAll(async () => {
      calls = await traced(folder, async (address) => {
        await using client = await connect(address);
        await client.makeDirectory("one");
        await client.makeDirectory("one/two/three", { parents: true });
        await client.makeDirectory("one/two", { parents: true });
        await client.rename("one/two", "moved");
        await client.rename("moved", "again");
      });
    });

    afterAll(() => folder[Symbol.dispose]());

    /** What is made or moved, and the folders that it is then in, or not any more. */
    test.each([
      ["made", "one", ["library"]],
      ["made with those above", "two", ["library/one"]],
      ["made below one just made", "three", ["library/one/two"]],
      ["moved", "moved", ["library", "library/one"]],
      ["renamed", "again", ["library"]],
    ] as const)("%s is on disk before the answer", (_how, name, parents) => {
      const made = calls.find(
        (call) =>
          [...NAMINGS, ...MAKINGS].includes(call.name) &&
          call.strings.at(-1)!.split("/").at(-1) === name &&
          call.result === "0",
      )!;
      const answer = sent(calls, (body) => body.case === "response").find(
        ({ begun }) => begun > made.ended,
      )!;
      for (const parent of parents) {
        const synced = calls.find(
          ({ name: call, fd, begun }) =>
            SYNCS.includes(call) && fd === folder.at(parent) && begun > made.ended,
        )!;
        expect(synced.result).toBe("0");
        expect(synced.ended).toBeLessThan(answer.begun);
      }
    });
  },
);

/** Calls that give a file its name. */
function namings(calls: readonly TracedCall[], path: string): TracedCall[] {
  const name = path.split("/").at(-1)!;
  return calls.filter(
    (call) =>
      NAMINGS.includes(call.name) &&
      call.strings.at(-1)!.split("/").at(-1) === name &&
      call.result === "0",
  );
}

/** Calls that send a receipt. */
const receipts = (calls: readonly TracedCall[]): TracedCall[] =>
  sent(calls, (body) => body.case === "receipt");

/** Calls that send a frame of a kind. */
function sent(calls: readonly TracedCall[], isIt: (body: FrameBody) => boolean): TracedCall[] {
  const found: TracedCall[] = [];
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  for (const call of calls) {
    const bytes = call.strings[0] ?? "";
    // Standard output is a socket, too.
    if (!SENDS.includes(call.name) || !call.fd.startsWith("socket:") || /listening/.test(bytes)) {
      continue;
    }
    decoder.push(Buffer.from(bytes, "latin1"));
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.type === "frame" && event.body !== undefined && isIt(event.body)) found.push(call);
    }
  }
  return found;
}

/** Traces a server while one client uses it. */
async function traced(
  folder: TemporaryFolder,
  use: (address: string) => Promise<void>,
): Promise<TracedCall[]> {
  const output = folder.at("trace");
  {
    await using server = await StracedServer.start(folder.folder("library"), how(output));
    await use(server.address);
  }
  return parseTrace(await Bun.file(output).text());
}

describe.skipIf(why !== undefined)(`a tree${why === undefined ? "" : ` [${why}]`}`, () => {
  const NAMES = Array.from({ length: 20 }, (_, number) => `small-${number}`);

  test("is on disk when it was fetched: each file before it gets its name, then the names", async () => {
    using folder = new TemporaryFolder();
    await using served = await Served.start();
    for (const name of NAMES) served.library.file(`tree/${name}`, name);
    served.library.file("tree/sub/file", "file");
    const calls = await fetched(folder, served.server.address);
    for (const name of NAMES) {
      const written = calls.find((call) => WRITES.includes(call.name) && call.strings[0] === name)!;
      const named = namings(calls, name).at(-1)!;
      const synced = calls.filter(({ name: call, fd, result }) => {
        const covers = call === "syncfs" ? fd.startsWith(folder.path) : fd === written.fd;
        return SYNCS.includes(call) && covers && result === "0";
      });
      const between = synced.find(
        ({ begun, ended }) => begun > written.ended && ended < named.begun,
      );
      expect(between).toBeDefined();
      const kept = calls.find(
        ({ fd, begun, result }) =>
          fd === folder.at("to/tree") && begun > named.ended && result === "0",
      )!;
      expect(SYNCS).toContain(kept.name);
    }
    for (const [name, parent] of [
      ["tree", "to"],
      ["sub", "to/tree"],
    ] as const) {
      const made = calls.find(
        (call) => MAKINGS.includes(call.name) && call.strings.at(-1)!.endsWith(`/${name}`),
      )!;
      const synced = calls.find(
        ({ name: call, fd, begun, result }) =>
          SYNCS.includes(call) && fd === folder.at(parent) && begun > made.ended && result === "0",
      );
      expect(synced).toBeDefined();
    }
  });
});

/** Traces a client that fetches the folder `tree` into the folder `to`. */
async function fetched(folder: TemporaryFolder, server: string): Promise<TracedCall[]> {
  const output = folder.at("trace");
  const client = [...CLIENT_ALONE, "client", "--server", server, "get", "-r", "tree"];
  const child = Bun.spawn(["strace", "-f", ...how(output), "--", ...client], {
    cwd: folder.folder("to"),
    env: environment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect(await child.exited).toBe(0);
  return parseTrace(await Bun.file(output).text());
}

/** Arguments of strace. */
function how(output: string): string[] {
  const trace = [...new Set([...SYNCS, ...NAMINGS, ...MAKINGS, ...WRITES, ...SENDS])].join(",");
  return ["-y", "-xx", "-s", "4096", "-o", output, "-e", `trace=${trace}`];
}
