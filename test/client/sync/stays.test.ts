/** What a sync with `delete` leaves where it is. */
import { beforeEach, afterEach, expect, test } from "bun:test";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Client, type Server } from "../../../src/index.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { refusalCode } from "../../support/refusal.ts";
import { ScriptedServer } from "../../support/scripted-server.ts";
import { startServer } from "../../support/served.ts";
import { until } from "../../support/until.ts";
import { testTogether } from "../../support/ways.ts";
import { picture } from "./trees.ts";

let library: TemporaryFolder;
let here: TemporaryFolder;
let server: Server;
let client: Client;

beforeEach(async () => {
  library = new TemporaryFolder();
  here = new TemporaryFolder();
  server = await startServer({ library: library.path, durability: "none" });
  client = await connect(server.address);
});
afterEach(async () => {
  await client.close();
  await server.stop();
  library[Symbol.dispose]();
  here[Symbol.dispose]();
});

type Way = "down" | "up";
const WAYS: readonly Way[] = ["down", "up"];

const ends = (way: Way): TemporaryFolder[] => (way === "down" ? [library, here] : [here, library]);

/** @returns the codes of what failed */
async function sync(way: Way): Promise<string[]> {
  const options = { delete: true };
  const outcomes =
    way === "down"
      ? client.syncDownOutcomes("t", here.at("t"), options)
      : client.syncUpOutcomes(here.at("t"), "t", options);
  return (await Array.fromAsync(outcomes)).flatMap(({ error }) => error?.code ?? []);
}

const names = (folder: TemporaryFolder): string[] => [...picture(folder.at("t")).keys()];

test.each(WAYS)("%s: all in a folder of which not all names can be sent", async (way) => {
  const [source, target] = ends(way) as [TemporaryFolder, TemporaryFolder];
  source.file("t/f/m");
  writeFileSync(Buffer.concat([Buffer.from(source.at("t/f/z")), Buffer.from([0xff])]), "");
  target.file("t/f/a");
  target.file("t/f/z");
  target.file("t/old");
  expect(await sync(way)).toEqual(["INVALID_NAME"]);
  expect(names(target)).toEqual(["f", "f/a", "f/m", "f/z"]);
});

test.each(WAYS)(
  "%s: what a server keeps in a library that is the target, or in it",
  async (way) => {
    const [source, target] = ends(way) as [TemporaryFolder, TemporaryFolder];
    source.file("t/.leat/x", "of the source");
    source.file("t/lib/a");
    target.file("t/.leat/x", "own");
    target.file("t/lib/.leat/y", "own");
    expect(await sync(way)).toEqual([]);
    expect(names(target)).toEqual([".leat", ".leat/x", "lib", "lib/.leat", "lib/.leat/y", "lib/a"]);
    expect(picture(target.at("t")).get(".leat/x")).toEndWith("own");
  },
);

test.each(WAYS)("%s: everything, where the patterns cannot be read", async (way) => {
  library.file("t/a");
  here.folder("t");
  expect(Bun.spawnSync(["mkfifo", here.at("t/.leatignore")]).exitCode).toBe(0);
  expect(sync(way)).rejects.toMatchObject({ code: "NOT_A_REGULAR_FILE" });
});

test.each(["..", "."])("the rest goes on, where a server lists %p", async (name) => {
  const folder = (each: string) => ({ entry: { name: each, kind: "DIRECTORY" } }) as const;
  using liar = new ScriptedServer({
    request: ({ case: operation }, stream, peer) => {
      const entry = { name: "t", kind: "DIRECTORY" } as const;
      if (operation === "stat") return peer.answer(stream, { case: "stat", value: entry });
      if (operation !== "walk") return peer.fail(stream, "NOT_FOUND");
      peer.walk(stream, [folder(name), { leave: 1, ...folder("good") }]);
    },
  });
  await using misled = await connect(liar.address);
  const outcomes = await Array.fromAsync(
    misled.syncDownOutcomes("t", here.at("t"), { exclude: ["x"], durability: "none" }),
  );
  expect(outcomes.flatMap(({ error }) => error?.code ?? [])).toEqual(["INVALID_NAME"]);
  expect(names(here)).toEqual(["good"]);
});

test("up: what is outside of the source, where a link takes the place of a file or folder of it", async () => {
  // More than can wait for a transfer.
  for (let i = 0; i < 400; i += 1) here.file(`t/${1000 + i}`, Buffer.alloc(200_000));
  here.file("t/file", "inside");
  here.file("t/folder/name", "inside");
  here.file("outside/name", "secret");
  library.folder("t/folder");
  const outcomes = client.syncUpOutcomes(here.at("t"), "t", { exclude: ["x"] });
  await outcomes.next();
  for (const name of ["t/file", "t/folder"]) rmSync(here.at(name), { recursive: true });
  symlinkSync(here.at("outside/name"), here.at("t/file"));
  symlinkSync(here.at("outside"), here.at("t/folder"));
  for await (const _ of outcomes);
  const sent = [...picture(library.at("t")).values()];
  expect(sent.filter((what) => what.endsWith("secret"))).toEqual([]);
});

testTogether("down: the partial file of a download that runs, not one that was left", async () => {
  library.folder("t");
  library.file("large", Buffer.alloc(20_000_000));
  for (const name of ["old", ".old.leat-0123ab", ".old.leat-0123ab.sums"]) here.file(`t/${name}`);
  const partials = (): string[] => names(here).filter((name) => name.startsWith(".large.leat-"));
  using proxy = new FaultProxy(server.port, () => ({ stallDown: 8_000_000 }));
  await using other = await connect(proxy.address);
  const stop = new AbortController();
  const running = other.download("large", here.at("t/large"), { signal: stop.signal });
  running.catch(() => {});
  await until(() => partials().length === 2);
  const before = partials();
  expect(await sync("down")).toEqual([]);
  expect(names(here)).toEqual(before);
  stop.abort();
  expect(await refusalCode(running)).toBe("CANCELLED");
});
