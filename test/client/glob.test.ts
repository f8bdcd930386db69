/** Patterns of names, as shells have them, and what they match in a library. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { type Client, connect, type Server } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";
import { ScriptedServer } from "../support/scripted-server.ts";

const FILES = [
  ".dot",
  ".h/.x/in",
  ".h/y.jpg",
  "!no",
  "[a]",
  "a",
  "a*b",
  "ab.jpg",
  "b",
  "p/.hid/z.jpg",
  "p/1/c.jpg",
  "p/1/c.PNG",
  "p/2/d/e/f.jpg",
  "p/g.jpg",
  "p/{x,y}",
  "p/ü",
  "p/😀",
  "q/1/c.jpg",
];

let library: TemporaryFolder;
let server: Server;
let client: Client;
beforeAll(async () => {
  library = new TemporaryFolder();
  for (const file of FILES) library.file(file, file);
  library.file("a\\b");
  symlinkSync("p", library.at("link"));
  server = await startServer({ library: library.path, port: 0 });
  client = await connect(server.address);
});
afterAll(async () => {
  await client.close();
  await server.stop();
  library[Symbol.dispose]();
});

async function matches(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of client.glob(pattern)) paths.push(path);
  return paths;
}

test.each([
  ["*.jpg", ["ab.jpg"]],
  ["*", ["!no", "[a]", "a", "a*b", "a\\b", "ab.jpg", "b", "link", "p", "q"]],
  [".*", [".dot", ".h"]],
  ["[.]*", []],
  ["?", ["a", "b", "p", "q"]],
  ["p/?", ["p/1", "p/2", "p/ü", "p/😀"]],
  ["p/??", []],
  ["[ab]", ["a", "b"]],
  ["[!ab]", ["p", "q"]],
  ["[^ab]", ["p", "q"]],
  ["[a-c]", ["a", "b"]],
  ["p/[😀ü]", ["p/ü", "p/😀"]],
  ["\\[a]", ["[a]"]],
  ["[[]a]", ["[a]"]],
  ["a\\*b", ["a*b"]],
  ["a\\\\?", ["a\\b"]],
  ["!*", ["!no"]],
  ["*/*.jpg", ["link/g.jpg", "p/g.jpg"]],
  ["p/*/*.jpg", ["p/1/c.jpg"]],
  ["*/1/c.jpg", ["link/1/c.jpg", "p/1/c.jpg", "q/1/c.jpg"]],
  ["**/*.jpg", ["ab.jpg", "p/1/c.jpg", "p/2/d/e/f.jpg", "p/g.jpg", "q/1/c.jpg"]],
  ["**/c.jpg", ["p/1/c.jpg", "q/1/c.jpg"]],
  ["p/**", ["p/1", "p/1/c.PNG", "p/1/c.jpg", "p/2", "p/2/d", "p/2/d/e", "p/2/d/e/f.jpg"]],
  ["**/e/**", ["p/2/d/e/f.jpg"]],
  ["p/**/d/**/f.*", ["p/2/d/e/f.jpg"]],
  ["p/**/.hid/*", ["p/.hid/z.jpg"]],
  [".h/**/*.jpg", [".h/y.jpg"]],
  [".h/**/in", []],
  ["{a,b}", ["a", "b"]],
  ["{a,a,[a]}", ["a"]],
  ["{p/1,q/*}/c.{jpg,PNG}", ["p/1/c.jpg", "p/1/c.PNG", "q/1/c.jpg"]],
  ["p/\\{x,y}", ["p/{x,y}"]],
  ["p/{\\{x\\,y\\},g{,.jpg}}", ["p/{x,y}", "p/g.jpg"]],
  ["{a}", []],
  ["nope/*", []],
  ["a/*", []],
  ["a/**", []],
  ["[", []],
  ["*.{", []],
] as const)("%s", async (pattern, expected) => {
  const found = await matches(pattern);
  if (pattern === "p/**") expect(found).toEqual([...expected, "p/g.jpg", "p/{x,y}", "p/ü", "p/😀"]);
  else expect(found).toEqual([...expected]);
});

describe("a pattern", () => {
  test("may not stand for too many others", async () => {
    const pattern = "{a,b}".repeat(20);
    expect(await refusal(matches(pattern))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("takes no long time, whatever the names are", async () => {
    library.file(`long/${"a".repeat(250)}`);
    const stars = "*a".repeat(100);
    expect(await matches(`long/${stars}b`)).toEqual([]);
    expect(await matches(`${"**/a*/".repeat(100)}b`)).toEqual([]);
  });

  test("is looked for with lists, and contents are not asked for", async () => {
    const asked: string[] = [];
    using scripted = new ScriptedServer({
      request: (operation, stream, peer) => {
        asked.push(operation.case);
        if (operation.case !== "list") return peer.fail(stream, "UNIMPLEMENTED");
        const entries = [{ name: "x", kind: "FILE" as const }];
        peer.answer(stream, { case: "list", value: { entries } });
        peer.frame(stream, { case: "finish", value: {} });
      },
    });
    await using other = await connect(scripted.address);
    const paths: string[] = [];
    for (const pattern of ["*", "t/*", "t/**"]) {
      for await (const { path } of other.glob(pattern)) paths.push(path);
    }
    expect(paths).toEqual(["x", "t/x", "t/x"]);
    expect(asked).toEqual(["list", "list", "walk", "list"]);
  });
});
