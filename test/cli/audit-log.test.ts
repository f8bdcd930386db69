/** `leat server --audit-log`: a record of logins, refusals and changes that is complete. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { connect } from "../../src/index.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusalCode } from "../support/refusal.ts";
import { until } from "../support/until.ts";
import { createUsers } from "../support/users.ts";
import { client, run, RunningServer, SERVER } from "./support.ts";

interface Event {
  readonly time: string;
  readonly event: string;
  readonly peer: string;
  readonly [fact: string]: unknown;
}

function events(path: string): Event[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as Event);
}

/** Without logins: of servers with users there are some. */
const changes = (path: string): Event[] => events(path).filter(({ event }) => event !== "login");

const SAME = ["event", "user", "path", "to", "bytes", "outcome", "code"] as const;

/** Without what differs from run to run. */
function plain(event: Event): object {
  expect(Math.abs(Date.parse(event.time) - Date.now())).toBeLessThan(120_000);
  expect(event.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  const facts = SAME.map((name) => [name, event[name]]);
  return Object.fromEntries(facts.filter(([, fact]) => fact !== undefined));
}

test.each([
  ["one process", []],
  ["workers", ["--workers", "2"]],
  ["processes", ["--model", "processes"]],
])("with %s, it has all logins, refusals and changes, at any log level", async (_, flags) => {
  using folder = new TemporaryFolder();
  const users = createUsers(folder, { alice: {} });
  const library = folder.folder("library");
  const log = folder.at("audit.log");
  const args = [library, "--port", "0", "--audit-log", log, "--users", users.path, ...flags];
  await using server = await RunningServer.start([...args, "--log-level", "silent"]);
  {
    const credentials = { token: users.token("alice") };
    await using alice = await connect(server.address, { credentials });
    await alice.put("a", Buffer.from("12345"));
    await alice.makeDirectory("t");
    await alice.rename("a", "t/b");
    await alice.makeLink("t/link", "b");
    await alice.setAttributes("t/b", { mode: 0o600 });
    await Array.fromAsync(alice.list("t"));
    await alice.remove("t/b");
    expect(await refusalCode(alice.remove("\u001b[2J"))).toBe("INVALID_NAME");
    expect(await refusalCode(alice.remove("nope"))).toBe("NOT_FOUND");
  }
  expect(await refusalCode(connect(server.address, { credentials: { token: "wrong" } }))).toBe(
    "UNAUTHENTICATED",
  );
  const expected = [
    { event: "login", user: "alice" },
    { event: "put", user: "alice", path: "a", bytes: 5, outcome: "done" },
    { event: "makeDirectory", user: "alice", path: "t", outcome: "done" },
    { event: "rename", user: "alice", path: "a", to: "t/b", outcome: "done" },
    { event: "makeLink", user: "alice", path: "t/link", outcome: "done" },
    { event: "setAttributes", user: "alice", path: "t/b", outcome: "done" },
    { event: "remove", user: "alice", path: "t/b", outcome: "done" },
    { event: "remove", user: "alice", path: "\u001b[2J", outcome: "failed", code: "INVALID_NAME" },
    { event: "remove", user: "alice", path: "nope", outcome: "failed", code: "NOT_FOUND" },
    { event: "login refused", code: "UNAUTHENTICATED" },
  ];
  await until(() => events(log).length >= expected.length);
  const found = events(log).map(plain);
  for (const event of expected) expect(found).toContainEqual(event);
  expect(found.length).toBe(expected.length);
  expect(readFileSync(log, "utf8")).not.toContain("\u001b");
  expect(statSync(log).mode & 0o777).toBe(0o600);
  expect(server.stderr.text).toBe("");
});

test("each file of a tree, and a request that is not permitted, have their events", async () => {
  using folder = new TemporaryFolder();
  const library = folder.folder("library");
  folder.file("t/a", "1");
  folder.file("t/b/c", "2");
  const log = folder.at("audit.log");
  const args = ["--port", "0", "--audit-log", log];
  {
    await using server = await RunningServer.start([library, ...args]);
    expect((await client(server.address, ["upload", "-r", folder.at("t")])).code).toBe(0);
    await server.stop("SIGTERM");
  }
  const paths = events(log).map(({ event, path }) => `${event} ${String(path)}`);
  for (const one of ["putTree t", "put t/a", "makeDirectory t/b", "put t/b/c"]) {
    expect(paths).toContain(one);
  }
  await using server = await RunningServer.start([library, ...args, "--read-only"]);
  expect((await client(server.address, ["remove", "t/a"])).code).not.toBe(0);
  await until(() => events(log).some(({ code }) => code === "READ_ONLY"));
});

test("SIGHUP opens it anew, and does not stop the server", async () => {
  using folder = new TemporaryFolder();
  const library = folder.folder("library");
  const log = folder.at("audit.log");
  await using server = await RunningServer.start([library, "--port", "0", "--audit-log", log]);
  expect((await client(server.address, ["mkdir", "a"])).code).toBe(0);
  await until(() => changes(log).length === 1);
  renameSync(log, `${log}.1`);
  server.child.kill("SIGHUP");
  await server.stderr.until("the audit log: renewed");
  expect((await client(server.address, ["mkdir", "b"])).code).toBe(0);
  await until(() => changes(log).length === 1);
  expect(changes(`${log}.1`).map(({ path }) => path)).toEqual(["a"]);
  expect(changes(log).map(({ path }) => path)).toEqual(["b"]);
});

test("a server whose audit log cannot be opened does not start", async () => {
  using folder = new TemporaryFolder();
  const args = ["--port", "0", "--audit-log", folder.at("nowhere/audit.log")];
  const { code, stdout, stderr } = await run([SERVER, "server", folder.path, ...args]);
  expect([code !== 0, stdout]).toEqual([true, ""]);
  expect(stderr).toMatch(/cannot open the audit log .*nowhere/);
});
