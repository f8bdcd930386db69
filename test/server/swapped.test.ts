/** Requests of every kind while somebody on the server swaps a folder and a link that leads out of the library. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, symlinkSync } from "node:fs";
import { type Client, connect, type Server } from "../../src/index.ts";
import { snapshot } from "../fuzz/snapshot.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { startServer } from "../support/served.ts";
import { LONG } from "../support/ways.ts";
import { Swapper } from "../support/swapper.ts";

const SECRET = "somebody else's";
const INSIDE = "inside";
const CALLS = LONG ? 20_000 : 100;
const AT_ONCE = 8;

let folder: TemporaryFolder;
let server: Server;
let client: Client;
let before: string;

beforeAll(async () => {
  folder = new TemporaryFolder();
  folder.file("library/a/file", INSIDE);
  folder.file("library/a/deep/file", INSIDE);
  folder.file("library/small", INSIDE);
  folder.file("tree/file", INSIDE);
  folder.file("tree/new/other", INSIDE);
  folder.file("links/file", INSIDE);
  symlinkSync("file", folder.at("links/link"));
  for (const name of ["file", "secret", "deep/file", "deep/secret"]) {
    folder.file(`outside/${name}`, SECRET);
  }
  symlinkSync("../outside", folder.at("library/b"));
  before = snapshot(folder.at("outside"));
  server = await startServer({ library: folder.at("library"), durability: "none" });
  client = await connect(server.address);
});

afterAll(async () => {
  await client.close();
  await server.stop({ drain: 0 });
  folder[Symbol.dispose]();
});

const bytes = new TextEncoder().encode(INSIDE);

/** @returns what was seen, as text; an error where the link was met */
const WAYS: Record<string, (call: number) => Promise<unknown>> = {
  get: async () => await (await client.get("a/file")).text(),
  stat: () => client.stat("a/secret"),
  list: async () => (await Array.fromAsync(client.list("a/deep"))).map(({ name }) => name),
  walk: async (call) => {
    const to = folder.at(`got/${call}`);
    folder.folder("got");
    await client.getTree("a", to, { durability: "none" });
    return snapshot(to);
  },
  checksum: () => client.checksum("a/secret"),
  put: (call) => client.put(`a/put-${call}`, bytes),
  "put, replacing": () => client.put("a/file", bytes, { ifExists: "replace" }),
  "put, continued": (call) =>
    client.put(`a/kept-${call}`, bytes, { keep: true, ifExists: "replace" }),
  put_tree: (call) => client.putTree(folder.at("tree"), `a/tree-${call}`),
  "put_tree, into it": () => client.putTree(folder.at("tree"), "a", { ifExists: "replace" }),
  "rename into it": async (call) => {
    await client.put(`move-${call}`, bytes);
    return await client.rename(`move-${call}`, `a/moved-${call}`);
  },
  "rename out of it": (call) => client.rename("a/secret", `stolen-${call}`),
  mkdir: (call) => client.makeDirectory(`a/dir-${call}/deep`, { parents: true }),
  "put_tree with links": (call) =>
    client.putTree(folder.at("links"), `a/links-${call}`, { links: "copy" }),
  remove: () => client.remove("a/secret"),
  "remove, deeper": () => client.remove("a/deep/secret"),
};

describe.if(process.platform === "linux")("while a folder and a link out are swapped", () => {
  test.each(Object.entries(WAYS))("%s stays in the library", async (_, act) => {
    await using _swapper = await Swapper.in(folder.at("library"));
    let call = 0;
    const seen = { done: 0, refused: 0 };
    const worker = async (): Promise<void> => {
      while (call < CALLS || seen.refused === 0) {
        call += 1;
        try {
          const found = JSON.stringify(await act(call)) ?? "";
          expect(found).not.toMatch(/somebody else|secret/);
          seen.done += 1;
        } catch (thrown) {
          if (!(thrown instanceof Error && "code" in thrown)) throw thrown;
          seen.refused += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(snapshot(folder.at("outside"))).toBe(before);
    expect(readFileSync(folder.at("library/small"), "utf8")).toBe(INSIDE);
  });
});
