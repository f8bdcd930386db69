/**
 * What a server asks of the kernel for an upload, in order, as strace sees it: the data is on disk
 * before its name appears, and the name before the receipt leaves. A power cut cannot be had in a
 * test; this is what one would have to get past.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { MAX_FRAME, MiB } from "../../src/limits.ts";
import { FrameDecoder } from "../../src/wire/decoder.ts";
import { environment, PACKAGE, Served } from "../cli/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { noStrace, StracedServer } from "../support/straced-server.ts";
import { parseTrace, type TracedCall } from "./strace.ts";

const why = noStrace();
const SYNCS = ["fsync", "fdatasync", "syncfs"];
const NAMINGS = ["link", "linkat", "rename", "renameat", "renameat2"];
const WRITES = ["write", "writev", "pwrite64", "pwritev", "copy_file_range", "splice"];
const SENDS = ["sendto", "sendmsg", "write", "writev"];

describe.skipIf(why !== undefined)(`a commit${why === undefined ? "" : ` [${why}]`}`, () => {
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
    const partial = /\/\.leat\/partial\/[^/]+$|\/#\d+$/;
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
});

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
function receipts(calls: readonly TracedCall[]): TracedCall[] {
  const found: TracedCall[] = [];
  const decoder = new FrameDecoder({ maxFrame: MAX_FRAME });
  for (const call of calls) {
    const sent = call.strings[0] ?? "";
    // Standard output is a socket, too.
    if (!SENDS.includes(call.name) || !call.fd.startsWith("socket:") || /listening/.test(sent)) {
      continue;
    }
    decoder.push(Buffer.from(sent, "latin1"));
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.type === "frame" && event.body?.case === "receipt") found.push(call);
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
  });
});

/** Traces a client that fetches the folder `tree` into the folder `to`. */
async function fetched(folder: TemporaryFolder, server: string): Promise<TracedCall[]> {
  const output = folder.at("trace");
  const client = [`${PACKAGE}/src/cli/main.ts`, "client", "--server", server, "get", "-r", "tree"];
  const child = Bun.spawn(["strace", "-f", ...how(output), "--", process.execPath, ...client], {
    cwd: folder.folder("to"),
    env: environment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect(await child.exited).toBe(0);
  return parseTrace(await Bun.file(output).text());
}

/** Arguments of strace. */
function how(output: string): string[] {
  const trace = [...new Set([...SYNCS, ...NAMINGS, ...WRITES, ...SENDS])].join(",");
  return ["-y", "-xx", "-s", "4096", "-o", output, "-e", `trace=${trace}`];
}
