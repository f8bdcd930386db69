/** Files whose paths are known: many come with one request, and each where it would have come by itself. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { connect, type TreeRoot } from "../../src/index.ts";
import type { Client, GetTreeOptions } from "../../src/index.ts";
import { WALK_PATHS } from "../../src/wire/features.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { type Operation, type Peer, ScriptedServer } from "../support/scripted-server.ts";

const COUNT = 300;

const rootsIn = (local: TemporaryFolder, paths: readonly string[]): TreeRoot[] =>
  paths.map((path) => ({ path, local: local.at(path) }));

/** `path`, `path: CODE`, `path skipped`, in the order of the paths. */
async function get(client: Client, roots: readonly TreeRoot[], options: GetTreeOptions = {}) {
  const lines: string[] = [];
  const outcomes = client.getTrees(roots, { parents: true, durability: "none", ...options });
  for await (const { path, error, skipped } of outcomes) {
    lines.push(
      error === undefined ? `${path}${skipped ? " skipped" : ""}` : `${path}: ${error.code}`,
    );
  }
  return lines.toSorted();
}

describe("a list of files", () => {
  test("comes as each file would by itself", async () => {
    using library = new TemporaryFolder();
    using local = new TemporaryFolder();
    const names = Array.from({ length: COUNT }, (_, index) => `${index % 7}/${index}`);
    for (const name of names) library.file(name, `contents of ${name}`);
    library.file("large", new Uint8Array(3_000_000).fill(7));
    library.file("empty");
    library.file("folder/in", "in");
    symlinkSync("0/0", library.at("link"));
    symlinkSync("nowhere", library.at("broken"));
    await using server = await startServer({ library: library.path, port: 0 });
    await using client = await connect(server.address);
    const others = ["broken", "empty", "folder", "large", "link", "missing"];
    const roots = rootsIn(local, [...names, ...others]);
    for (const durability of ["none", "fsync"] as const) {
      const lines = await get(client, roots, { folders: "empty", durability });
      const came = ["broken: NOT_FOUND", "empty", "folder", "large", "link", "missing: NOT_FOUND"];
      expect(lines).toEqual([...names, ...came].toSorted());
    }
    for (const name of [...names, "large", "empty", "link"]) {
      expect(readFileSync(local.at(name)).equals(readFileSync(library.at(name)))).toBe(true);
      expect(statSync(local.at(name)).mtimeMs).toBe(statSync(library.at(name)).mtimeMs);
    }
    expect(existsSync(local.at("folder/in"))).toBe(false);
    expect(await get(client, roots, { folders: "refuse", ifExists: "skip" })).toEqual(
      [
        ...[...names, "empty", "large", "link"].map((name) => `${name} skipped`),
        "broken: NOT_FOUND",
        "folder: IS_A_DIRECTORY",
        "missing: NOT_FOUND",
      ].toSorted(),
    );
    expect(await get(client, rootsIn(local, ["folder", "0"]), { exclude: ["*2"] })).toContain(
      "folder/in",
    );
  });

  test("goes on where its connection was cut", async () => {
    using library = new TemporaryFolder();
    using local = new TemporaryFolder();
    const names = Array.from({ length: COUNT }, (_, index) => `${index}`);
    for (const name of names) library.file(name, new Uint8Array(10_000).fill(Number(name)));
    await using server = await startServer({ library: library.path, port: 0 });
    let cuts = 0;
    using proxy = new FaultProxy(server.port, () => (cuts++ < 4 ? { cutDown: 700_000 } : {}));
    await using client = await connect(proxy.address, { retry: 20_000 });
    expect(await get(client, rootsIn(local, names))).toEqual(names.toSorted());
    expect(cuts).toBe(5);
    for (const name of names) {
      expect(readFileSync(local.at(name)).equals(readFileSync(library.at(name)))).toBe(true);
    }
  });
});

/** A server with files `a` and `b`. */
function scripted(
  features: readonly string[],
  walk: (stream: number, peer: Peer) => void,
  asked: string[],
): ScriptedServer {
  const request = (operation: Operation, stream: number, peer: Peer): void => {
    asked.push(operation.case);
    if (operation.case === "walk") return walk(stream, peer);
    if (operation.case !== "stat" && operation.case !== "get")
      return peer.fail(stream, "UNIMPLEMENTED");
    const name = operation.value.path;
    const entry = { name, kind: "FILE", size: 1, version: "v" } as const;
    if (operation.case === "stat") return peer.answer(stream, { case: "stat", value: entry });
    peer.file(stream, entry, Buffer.from(name));
  };
  return new ScriptedServer({ features, request });
}

describe("where a server", () => {
  const file = (name: string) => ({ entry: { name, kind: "FILE", size: 1 } }) as const;
  const whole = (name: string) => ({ ...file(name), contents: true });
  const byte = new Uint8Array([65]);

  test("does not know such lists, or has no room for one, each file is asked for", async () => {
    for (const features of [[], [WALK_PATHS]]) {
      using local = new TemporaryFolder();
      const asked: string[] = [];
      const refuse = (stream: number, peer: Peer): void => {
        const value = { code: "RESOURCE_EXHAUSTED", message: "no", retryable: true } as const;
        peer.frame(stream, { case: "failure", value });
      };
      using server = scripted(features, refuse, asked);
      await using client = await connect(server.address);
      expect(await get(client, rootsIn(local, ["a", "b"]))).toEqual(["a", "b"]);
      expect(readFileSync(local.at("b"), "utf8")).toBe("b");
      expect(asked.filter((each) => each === "get")).toHaveLength(2);
      expect(asked.includes("walk")).toBe(features.length > 0);
    }
  });

  test("says less than it could, what is missing is asked for", async () => {
    using local = new TemporaryFolder();
    const asked: string[] = [];
    const walk = (stream: number, peer: Peer): void =>
      peer.walkPaths(stream, [file("a"), whole("b"), byte]);
    using server = scripted([WALK_PATHS], walk, asked);
    await using client = await connect(server.address);
    expect(await get(client, rootsIn(local, ["a", "b"]))).toEqual(["a", "b"]);
    expect(asked).toEqual(["walk", "get"]);
    expect(readFileSync(local.at("b"), "utf8")).toBe("A");
  });

  test("sends more than was asked for, that is left", async () => {
    using local = new TemporaryFolder();
    const items = ["a", "b", "c"].flatMap((name) => [whole(name), byte]);
    using server = scripted([WALK_PATHS], (stream, peer) => peer.walkPaths(stream, items), []);
    await using client = await connect(server.address, { retry: 0 });
    expect(await get(client, rootsIn(local, ["a", "b"]))).toEqual(["a", "b"]);
    expect(existsSync(local.at("c"))).toBe(false);
  });

  test.each<[string, Parameters<Peer["walkPaths"]>[1]]>([
    ["another file", [whole("../x"), byte, whole("b"), byte]],
    ["the files in another order", [whole("b"), byte, whole("a"), byte]],
    ["fewer files", [whole("a"), byte]],
    ["no files", []],
    [
      "contents that are too large",
      [{ entry: { name: "a", kind: "FILE", size: 2 ** 40 }, contents: true }],
    ],
    ["what is no item", [new Uint8Array([3, 1, 2, 3])]],
    ["an empty item", [{}, {}]],
  ])("sends %s, that is its fault, and nothing else is written", async (_, items) => {
    using local = new TemporaryFolder();
    using server = scripted([WALK_PATHS], (stream, peer) => peer.walkPaths(stream, items), []);
    await using client = await connect(server.address, { retry: 0 });
    const lines = await get(
      client,
      rootsIn(
        local,
        ["in/a", "in/b"].map((path) => path.slice(3)),
      ),
    );
    expect(lines.join()).toContain("PROTOCOL_ERROR");
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(existsSync(local.at("../x")) || existsSync(local.at("c"))).toBe(false);
  });
});
