/** The configuration file of a server: which value counts, and how a fault is told. */
import { describe, expect, test } from "bun:test";
import { TemporaryFolder } from "../support/folder.ts";
import { RunningServer, client, leat } from "./support.ts";

const FILE = `
library = "files"
port = 0
drain = 2.5        # seconds
read-only = true
log-format = "json"
`;

test("a server takes its library and its flags from a file", async () => {
  using folder = new TemporaryFolder();
  folder.file("files/a.txt", "contents");
  folder.file("leat.toml", FILE);
  await using started = await RunningServer.start(["--config", folder.at("leat.toml")]);
  expect((await client(started.address, ["list"])).stdout).toBe("a.txt\n");
  expect((await client(started.address, ["mkdir", "b"])).stderr).toContain("READ_ONLY");
  await started.stderr.until(`"library":"${folder.at("files")}"`);
});

describe("a value counts", () => {
  test.each([
    ["that is typed, before all others", ["--drain", "9"], { LEAT_DRAIN: "8" }, "9", "# typed"],
    ["of the environment, before the file", [], { LEAT_DRAIN: "8" }, "8", "# environment"],
    ["of the file, before the default", [], {}, "2.5", "# leat.toml"],
  ])("%s", async (_, args, env, value, source) => {
    using folder = new TemporaryFolder();
    folder.file("leat.toml", FILE);
    const all = { ...env, LEAT_CONFIG: "leat.toml" };
    const { stdout, code } = await leat(folder.path, ["server", "config", ...args], { env: all });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^drain = ${value} +${source}$`, "m"));
    expect(stdout).toContain('\ndurability = "fsync"\n');
    expect(stdout).toStartWith(`library = "${folder.at("files")}"`);
  });
});

test("what is printed is a configuration file with the same settings", async () => {
  using folder = new TemporaryFolder();
  folder.file("leat.toml", `${FILE}unix = "a#b"\n`.replace("port = 0\n", ""));
  const print = async (name: string) =>
    (await leat(folder.path, ["server", "config", "--config", name])).stdout;
  const first = await print("leat.toml");
  expect(first).toContain(`unix = "${folder.at("a#b")}"`);
  folder.file("again.toml", first.replace(/^(host|port) = .*\n/gm, ""));
  const plain = (text: string) => text.replaceAll(/ +# .*$/gm, "");
  expect(plain(await print("again.toml"))).toBe(plain(first));
});

test("all faults of a file are told, each with its line", async () => {
  using folder = new TemporaryFolder();
  folder.file(
    "leat.toml",
    [
      "prot = 1",
      'drain = "soon"',
      "workers = [1]",
      "port = 70000",
      "[guests]",
      "stdio = true",
    ].join("\n"),
  );
  for (const command of [["server"], ["server", "config"], ["server", "check-config"]]) {
    const { code, stdout, stderr } = await leat(folder.path, [...command, "--config", "leat.toml"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.split("\n")).toEqual([
      "leat server: leat.toml:1: prot: There is no such key; port?",
      "leat server: leat.toml:2: drain: It should be a number of seconds, like 5 or 0.5.",
      "leat server: leat.toml:3: workers: It should be a text, a number, or true or false.",
      "leat server: leat.toml:4: port: It should be a whole number, 0 to 65535.",
      "leat server: leat.toml:5: guests: There is no such key.",
      "",
    ]);
  }
});

test.each([
  ["a = \n", /leat\.toml:1:\d+: this is no TOML: /],
  ["port = 1\nport = 2\n", /leat\.toml:2:\d+: this is no TOML: /],
  [undefined, /cannot read leat\.toml: there is no such file/],
  ["# ".padEnd(2 ** 20 + 1, "x"), /cannot read leat\.toml: it has 1048577 bytes/],
  ['unix = "s"\nport = 1', /--unix listens on a path/],
  ['host = "0.0.0.0"', /can be reached from other machines/],
  ['model = "threads"\nworkers = 2', /--workers run the event loop each/],
  ['library = "nowhere"', /the library \S*nowhere is no folder/],
])("check-config refuses %p", async (contents, message) => {
  using folder = new TemporaryFolder();
  if (contents !== undefined) folder.file("leat.toml", contents);
  const args = ["server", "check-config", "--config", "leat.toml"];
  const { code, stderr } = await leat(folder.path, args);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  folder.file("leat.toml", "port = 0");
  const good = await leat(folder.path, args);
  expect([good.code, good.stdout, good.stderr]).toEqual([0, "leat.toml: no fault found\n", ""]);
});

test.each([[[]], [["--workers", "2"]], [["--model", "processes"]]])(
  "SIGHUP takes the log level of the file over, and keeps the one before if the file is wrong: %j",
  async (flags) => {
    using folder = new TemporaryFolder();
    folder.file("library/f", "contents");
    const write = (level: string) =>
      folder.file("leat.toml", `library = "library"\nport = 0\nlog-level = "${level}"\n`);
    await using server = await RunningServer.start(["--config", write("info"), ...flags]);
    const read = () => client(server.address, ["stat", "f"]);
    const hangUp = async (wanted: string) => {
      const after = server.stderr.text.length;
      server.child.kill("SIGHUP");
      await server.stderr.until(wanted, after);
    };
    expect((await read()).code).toBe(0);
    write("debug");
    await hangUp("the log level: renewed");
    expect((await read()).code).toBe(0);
    await server.stderr.until("debug stat");
    expect(server.stderr.text.match(/debug stat/g)?.length).toBe(1);
    write("loud");
    await hangUp("the log level: as before");
    expect((await read()).code).toBe(0);
    await server.stderr.until(/debug stat[^]*debug stat/);
  },
);
