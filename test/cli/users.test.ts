/** Users as people have them: the users file, tokens, passwords, and what is refused. */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import {
  AtTerminal,
  client,
  CLIENT,
  expectFailure,
  leat,
  RunningServer,
  SERVER,
} from "./support.ts";

const user = (folder: TemporaryFolder, ...args: string[]) =>
  leat(folder.path, ["server", "user", "--users", "users.json", ...args]);

/** Makes a user. @returns the path of a file with the token */
async function added(folder: TemporaryFolder, name: string): Promise<string> {
  const { code, stdout, stderr } = await user(folder, "add", name);
  expect({ code, stderr: stderr.includes(name) }).toEqual({ code: 0, stderr: true });
  expect(stdout).toMatch(/^leat_[\w-]{43}\n$/);
  const file = folder.file(`${name}.token`, stdout);
  chmodSync(file, 0o600);
  return file;
}

async function serving(folder: TemporaryFolder): Promise<RunningServer> {
  folder.file("library/f", "contents\n");
  const users = ["--users", folder.at("users.json")];
  return await RunningServer.start([folder.at("library"), "--port", "0", ...users]);
}

test("from a new users file to a list", async () => {
  using folder = new TemporaryFolder();
  const token = await added(folder, "alice");
  expect(statSync(folder.at("users.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(folder.at("users.json"), "utf8")).not.toContain("leat_");
  await using server = await serving(folder);
  const list = (args: string[], env: Record<string, string> = {}) =>
    client(server.address, [...args, "list"], { env });
  const done = { code: 0, stdout: "f\n", stderr: "" };
  expect(await list(["--token-file", token])).toEqual(done);
  expect(await list([], { LEAT_TOKEN: readFileSync(token, "utf8").trim() })).toEqual(done);
  expectFailure(
    await list([]),
    15,
    /asks for a token \(UNAUTHENTICATED\); --token-file or LEAT_TOKEN has it\n$/,
  );
  expectFailure(await list([], { LEAT_TOKEN: "wrong" }), 15, /no longer, that of a user/);
  await server.stderr.until(/info {2}login 127\.0\.0\.1:\d+ user=alice\b/);
  await server.stderr.until(/warn {2}login refused 127\.0\.0\.1:\d+ code=UNAUTHENTICATED/);
});

test("SIGHUP takes changes over, and does not stop the server", async () => {
  using folder = new TemporaryFolder();
  const token = await added(folder, "alice");
  await using server = await serving(folder);
  const list = (file: string) => client(server.address, ["--token-file", file, "list"]);
  const next = await user(folder, "token", "alice", "--replace");
  const other = folder.file("other.token", next.stdout);
  chmodSync(other, 0o600);
  expect((await list(other)).code).toBe(15);
  server.child.kill("SIGHUP");
  await server.stderr.until(/the users( and the certificate)?: renewed/);
  expect([(await list(other)).code, (await list(token)).code]).toEqual([0, 15]);
  writeFileSync(folder.at("users.json"), "{");
  server.child.kill("SIGHUP");
  await server.stderr.until(
    /error the users( and the certificate)?: as before .*users\.json.*is wrong/,
  );
  expect((await list(other)).code).toBe(0);
});

test("leat server user lists, adds tokens and removes", async () => {
  using folder = new TemporaryFolder();
  await added(folder, "alice");
  await added(folder, "bob");
  await user(folder, "token", "alice");
  const { stdout } = await user(folder, "list");
  expect(stdout).toMatch(
    /^alice {2}the library {2}all {2}token of (\S+), token of \1\nbob {2}.*\n$/,
  );
  expect((await user(folder, "remove", "alice")).code).toBe(0);
  expect((await user(folder, "list")).stdout).toMatch(/^bob .*\n$/);
  expectFailure(await user(folder, "remove", "alice"), 12, /no user alice/);
  expectFailure(await user(folder, "add", "bob"), 13, /a user bob already/);
  expectFailure(await user(folder, "add", "../bob"), 10, /name of a user/);
  expect((await user(folder, "limit", "bob", "--connections", "4", "--streams", "9")).code).toBe(0);
  const limited = await user(folder, "limit", "bob", "--streams", "none");
  expect(limited.stderr).toContain("user bob: 4 connections");
  expect((await user(folder, "list")).stdout).toMatch(/ {2}4 connections\n$/);
  await user(folder, "limit", "bob", "--quota", "1.5G", "--quota-files", "1000");
  expect((await user(folder, "list")).stdout).toMatch(
    / {2}4 connections, 1.50 GiB in all, 1000 files in all\n$/,
  );
  expectFailure(await user(folder, "limit", "bob", "--quota", "much"), 2, /500M or 10G/);
  expectFailure(await user(folder, "limit", "bob", "--streams", "0"), 2, /whole number, 1 or more/);
  expectFailure(await user(folder, "limit", "bob"), 2, /which limit/);
  expectFailure(await user(folder), 2, /user add, limit, list, remove or token/);
  expectFailure(await leat(folder.path, ["server", "user", "list"]), 2, /--users FILE/);
  expectFailure(
    await user(folder, "rmove", "alice"),
    2,
    /unknown command "rmove"; did you mean remove\?/,
  );
  expectFailure(
    await user(folder, "add", "x", "--allow", "foo"),
    2,
    /"foo" is not known\. It should be/,
  );
  folder.file("users.json.new");
  expectFailure(
    await user(folder, "add", "carol"),
    13,
    /another command; if there is none, remove/,
  );
  expect(existsSync(folder.at("users.json.new"))).toBe(true);
});

describe("secrets", () => {
  test("that others can read are refused, on both sides", async () => {
    using folder = new TemporaryFolder();
    const token = await added(folder, "alice");
    await using server = await serving(folder);
    chmodSync(token, 0o644);
    const list = await client(server.address, ["--token-file", token, "list"]);
    expectFailure(list, 14, /\(mode 644\): chmod 600 it/);
    chmodSync(folder.at("users.json"), 0o644);
    for (const command of [[], ["check-config"]]) {
      const args = ["server", ...command, "library", "--users", "users.json"];
      const started = await leat(folder.path, args);
      expectFailure(started, 14, /users\.json" \(mode 644\): chmod 600 it/);
    }
  });

  test("never cross a network in the clear: such a listener is refused", async () => {
    using folder = new TemporaryFolder();
    await added(folder, "alice");
    folder.folder("library");
    const args = ["server", "library", "--users", "users.json", "--host", "0.0.0.0"];
    for (const more of [[], ["--allow-anonymous"]]) {
      const refused = await leat(folder.path, [...args, ...more]);
      expectFailure(refused, 2, /others could read the tokens and passwords/);
    }
  });
});

test("a password is asked for at the terminal, and not shown", async () => {
  using folder = new TemporaryFolder();
  const words = (...args: string[]) => [args[0] === "server" ? SERVER : CLIENT, ...args];
  const file = folder.at("users.json");
  await using adding = new AtTerminal(
    words("server", "user", "--users", file, "add", "bob", "--ask-password"),
    { cwd: folder.path },
  );
  await adding.screen.until("Password for bob: ");
  await adding.type("correct horze\x7f\x7fse\r", "leat client --user bob");
  expect(await adding.exited).toBe(0);
  expect(adding.screen.text).not.toContain("horse");
  await using server = await serving(folder);
  const login = words("client", "--server", server.address, "--user", "bob", "list");
  await using right = new AtTerminal(login, { cwd: folder.path });
  await right.screen.until("Password of bob: ");
  await right.type("correct horse\r", "f\r\n");
  expect(await right.exited).toBe(0);
  await using stopped = new AtTerminal(login, { cwd: folder.path });
  await stopped.screen.until("Password of bob: ");
  await stopped.type("\x03", "interrupted");
  expect(await stopped.exited).toBe(130);
  const without = await client(server.address, ["--user", "bob", "list"]);
  expectFailure(without, 2, /no terminal: set LEAT_PASSWORD/);
});
