/** `walk` and `removeTree` of the client, with servers of today, older ones, and ones that lose connections. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, TreeError, type WalkOptions } from "../../src/index.ts";
import type { Client } from "../../src/index.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { type Operation, type Peer, ScriptedServer } from "../support/scripted-server.ts";

async function paths(client: Client, path: string, options: WalkOptions = {}): Promise<string[]> {
  const all: string[] = [];
  for await (const entry of client.walk(path, options)) all.push(entry.path);
  return all;
}

function plant(library: TemporaryFolder): void {
  library.file("t/a b.txt", "a");
  library.file("t/.hidden/in/x", "x");
  library.file("t/ü/😀/[1]", "one");
  library.file("t/.dot", "");
  library.folder("t/empty");
  symlinkSync("ü", library.at("t/link"));
}

describe("walk", () => {
  test("yields everything below a folder, in order, with relative paths", async () => {
    using library = new TemporaryFolder();
    plant(library);
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    const shown = ["a b.txt", "empty", "link", "ü", "ü/😀", "ü/😀/[1]"];
    expect(await paths(client, "t")).toEqual(shown);
    const hidden = [".dot", ".hidden", ".hidden/in", ".hidden/in/x"];
    expect(await paths(client, "t", { hidden: true })).toEqual([...hidden, ...shown]);
    expect((await paths(client, "")).slice(0, 2)).toEqual(["t", "t/a b.txt"]);
    expect(await refusal(paths(client, "nope"))).toMatchObject({ code: "NOT_FOUND" });
    expect(await refusal(paths(client, "t/.dot"))).toMatchObject({ code: "NOT_A_DIRECTORY" });
  });

  test("gives a walk up that is not read to its end", async () => {
    using library = new TemporaryFolder();
    for (let index = 0; index < 300; index += 1) library.file(`t/${index}/x`);
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    // Each would hold a stream, and a walk of the server, as long as it is open.
    for (let times = 0; times < 30; times += 1) {
      for await (const { path } of client.walk("t")) {
        expect(path).toBe("0");
        break;
      }
    }
    expect(await paths(client, "t")).toHaveLength(600);
  });

  test("asks a server that has no walk for lists, and names folders that it cannot list", async () => {
    using server = new ScriptedServer({ request: listing });
    await using client = await connect(server.address);
    expect(await refusal(paths(client, "t"))).toMatchObject({ code: "PERMISSION_DENIED" });
    const failed: string[] = [];
    const onError: WalkOptions["onError"] = ({ code }, path) => void failed.push(`${path} ${code}`);
    expect(await paths(client, "t", { onError })).toEqual(["a", "a/x", "shut", "z"]);
    expect(failed).toEqual(["shut PERMISSION_DENIED"]);
    // The folder itself is not one among others.
    expect(await refusal(paths(client, "t/shut", { onError }))).toMatchObject({
      code: "PERMISSION_DENIED",
    });
  });
});

/** A server that has lists only, of t/a/x, t/z and a folder t/shut that it may not read. */
function listing(operation: Operation, stream: number, peer: Peer): void {
  if (operation.case !== "list") return peer.fail(stream, "UNIMPLEMENTED");
  const { path } = operation.value;
  if (path === "t/shut") {
    const value = { code: "PERMISSION_DENIED", message: "no" } as const;
    return peer.frame(stream, { case: "failure", value });
  }
  const folder = (name: string) => ({ name, kind: "DIRECTORY" }) as const;
  const entries =
    path === "t"
      ? [folder("a"), folder("shut"), { name: "z", kind: "FILE" } as const]
      : [{ name: "x", kind: "FILE" } as const];
  peer.answer(stream, { case: "list", value: { entries } });
  peer.frame(stream, { case: "finish", value: {} });
}

describe("removeTree", () => {
  test("removes everything in a folder, and links themselves", async () => {
    using library = new TemporaryFolder();
    plant(library);
    library.file("outside/kept");
    symlinkSync("../outside", library.at("t/ü/out"));
    symlinkSync("outside", library.at("root"));
    symlinkSync("nothing", library.at("dangling"));
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    expect(await client.removeTree("t")).toEqual({ files: 6, folders: 6, bytes: 5 });
    for (const link of ["root", "dangling"]) await client.removeTree(link);
    expect(readdirSync(library.path, { recursive: true }).toSorted()).toEqual([
      "outside",
      "outside/kept",
    ]);
    expect(await refusal(client.removeTree("t"))).toMatchObject({ code: "NOT_FOUND" });
    expect(await refusal(client.removeTree(""))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("goes on behind what cannot be removed, which is named once, and its folders stay", async () => {
    using library = new TemporaryFolder();
    for (let index = 0; index < 100; index += 1) library.file(`t/${index}/a/x`);
    writeFileSync(Buffer.from(`${library.at("t/50/a")}/\xff`, "latin1"), "odd");
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    const error = await refusal(client.removeTree("t"));
    expect(error).toBeInstanceOf(TreeError);
    const { failed, failures, summary, code } = error as TreeError;
    expect({ failed, code }).toEqual({ failed: 1, code: "INVALID_NAME" });
    expect(failures[0]).toMatchObject({ path: "t/50/a", kind: "DIRECTORY" });
    expect(summary).toMatchObject({ files: 100, folders: 198 });
    expect(readdirSync(library.at("t"))).toEqual(["50"]);
  });

  test("is as read-only as the server", async () => {
    using library = new TemporaryFolder();
    library.file("t/x");
    await using server = await startServer({ library: library.path, port: 0, readOnly: true });
    await using client = await connect(server.address);
    expect(await refusal(client.removeTree("t"))).toMatchObject({ code: "READ_ONLY" });
  });

  test("goes on over another connection, and a removal that was done already counts", async () => {
    using library = new TemporaryFolder();
    for (let index = 0; index < 400; index += 1) library.file(`t/${index % 7}/${index}`);
    await using server = await startServer({ library: library.path, port: 0 });
    using proxy = new FaultProxy(server.port, () => ({}));
    await using client = await connect(proxy.address, { retry: 20_000 });
    let count = 0;
    const failed: unknown[] = [];
    for await (const { error } of client.removeTreeOutcomes("t")) {
      if (error !== undefined) failed.push(error);
      if ((count += 1) % 100 === 0) proxy.reset();
    }
    expect({ count, failed }).toEqual({ count: 408, failed: [] });
    expect(existsSync(library.at("t"))).toBe(false);
  });

  test("stops when it is cancelled, or not read to its end", async () => {
    using library = new TemporaryFolder();
    for (let index = 0; index < 2000; index += 1) library.file(`t/${index}`);
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    for await (const { error } of client.removeTreeOutcomes("t")) {
      expect(error).toBeUndefined();
      break;
    }
    const stop = new AbortController();
    const removal = client.removeTreeOutcomes("t", { signal: stop.signal });
    await removal.next();
    stop.abort();
    const rest = (async () => {
      for await (const _ of removal);
    })();
    expect(await refusal(rest)).toMatchObject({ code: "CANCELLED" });
    expect(readdirSync(library.at("t")).length).toBeGreaterThan(1000);
  });
});
