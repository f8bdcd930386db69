/** The server's log has a line for each transfer and each change, whoever serves it. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";
import { PARTIALS } from "../support/served.ts";
import { until } from "../support/until.ts";
import { client, CLIENT, environment, run, RunningServer } from "./support.ts";

const USER = "(?:user=anonymous )?";

const started = async (library: TemporaryFolder, ...args: string[]) =>
  RunningServer.start([library.path, "--port", "0", ...args]);

describe.each([[[]], [["--workers", "2"]], [["--model", "processes"]], [["--model", "threads"]]])(
  "with %j",
  (model) => {
    test("it tells who did what, how much, how long, and what came of it", async () => {
      using library = new TemporaryFolder();
      library.file("docs/a file", "123456");
      await using server = await started(library, ...model);
      const ask = (...args: string[]) => client(server.address, args, { stdin: "stdin" });
      await ask("get", "docs/a file", "-o", "-");
      await ask("get", "nope", "-o", "-");
      await ask("upload", "-", "--to", "new");
      await ask("upload", "-", "--to", "new", "--if-exists", "skip");
      await ask("rename", "new", "newer");
      await ask("mkdir", "made");
      await ask("remove", "newer");
      await ask("list");
      const { stderr } = server;
      const line = (operation: string, facts: string, outcome: string) =>
        new RegExp(
          `info {2}${operation} 127\\.0\\.0\\.1:\\d+ ${USER}path=${facts} ms=[\\d.]+ outcome=${outcome}[^\\n]*\\n`,
        );
      await stderr.until(line("get", '"docs/a file" bytes=6', "done"));
      await stderr.until(
        line("get", "nope bytes=0", 'failed code=NOT_FOUND why="there is no \\\\"nope'),
      );
      await stderr.until(line("put", "new bytes=5", "done"));
      await stderr.until(line("put", "new bytes=\\d", "skipped"));
      await stderr.until(line("rename", "new to=newer", "done"));
      await stderr.until(line("makeDirectory", "made", "done"));
      await stderr.until(line("remove", "newer", "done"));
      expect(stderr.text).not.toMatch(/ (list|status|stat) 127/);
    });
  },
);

test("what only looks is told of with --log-level debug, and nothing with warn", async () => {
  using library = new TemporaryFolder();
  library.file("a", "1");
  await using talkative = await started(library, "--log-level", "debug", "--log-format", "json");
  await client(talkative.address, ["list"]);
  await client(talkative.address, ["get", "a", "-o", "-"]);
  const has = (text: string, ...parts: string[]) =>
    text.split("\n").some((line) => parts.every((part) => line.includes(part)));
  await talkative.stderr.until((text) =>
    has(text, '"level":20', '"msg":"list"', '"outcome":"done"'),
  );
  await talkative.stderr.until((text) => has(text, '"level":30', '"msg":"get"', '"bytes":1'));
  await using quiet = await started(library, "--log-level", "warn");
  await client(quiet.address, ["get", "a", "-o", "-"]);
  await quiet.stop();
  expect(quiet.stderr.text).toBe("");
});

test("a transfer that is cut has its line, with what was moved", async () => {
  using library = new TemporaryFolder();
  await using server = await started(library);
  const args = ["client", "--server", server.address, "upload", "-", "--to", "half"];
  await using sending = Bun.spawn([CLIENT, ...args], {
    env: environment(),
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  sending.stdin.write(new Uint8Array(3 << 20));
  await sending.stdin.flush();
  const partials = library.at(PARTIALS);
  const hasCome = (name: string): boolean => statSync(join(partials, name)).size > 1 << 20;
  await until(() => existsSync(partials) && readdirSync(partials).some(hasCome));
  sending.kill("SIGKILL");
  await server.stderr.until(
    /put 127\S+ (user=anonymous )?path=half bytes=[1-9]\d{6} ms=[\d.]+ outcome=failed code=CONNECTION_LOST/,
  );
});

test("every file of a tree has its line, also when the server stops right behind", async () => {
  using library = new TemporaryFolder();
  using here = new TemporaryFolder();
  const names = Array.from({ length: 400 }, (_, index) => `file-${index}`);
  for (const name of names) library.file(`tree/${name}`, name);
  const server = await started(library);
  const ran = await client(server.address, ["get", "-r", "tree", "-o", here.at("tree")]);
  expect(ran.code).toBe(0);
  expect(await server.stop()).toBe(0);
  await server.stderr.ended;
  const told = [
    ...server.stderr.text.matchAll(/ get \S+ (?:user=anonymous )?path=tree\/(\S+) /g),
  ].map(([, name]) => name!);
  expect(told.toSorted()).toEqual(names.toSorted());
});

test("requests that fail in a crowd are counted, not told one by one", async () => {
  using library = new TemporaryFolder();
  const count = 1_000;
  const server = await started(library);
  await run([CLIENT, "client", "--server", server.address], {
    cwd: library.path,
    stdin: Array.from({ length: count }, (_, index) => `get nope-${index} -o -\n`).join(""),
  });
  await server.stop();
  await server.stderr.ended;
  const { text } = server.stderr;
  const apart = text.split("outcome=failed code=NOT_FOUND").length - 1;
  expect(apart).toBeWithin(1, count / 2);
  const counted = [...text.matchAll(/more like this .* more=(\d+)(?: \w+=\d+)?\n/g)];
  expect(counted.reduce((sum, [, more]) => sum + Number(more), apart)).toBe(count);
});
