/** Servers that are not there, not leat, gone in the middle, or not to be trusted. */
import { describe, expect, test } from "bun:test";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_HOST, DEFAULT_PORT } from "../../src/client/connection/address.ts";
import { LeatError } from "../../src/errors.ts";
import { MiB } from "../../src/limits.ts";
import { createServer } from "../../src/server/server.ts";
import type { Store, StoreEntry } from "../../src/store/store.ts";
import { longFile } from "../support/contents.ts";
import { PARTIALS } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import {
  AtTerminal,
  client,
  CLIENT,
  environment,
  expectFailure,
  PACKAGE,
  run,
  RunningServer,
} from "./support.ts";
import { until } from "../support/until.ts";

const isDefaultTaken = await isTaken(DEFAULT_PORT);

describe("a server that is none", () => {
  test("nobody listens", async () => {
    const port = await freePort();
    const there = "the connection was refused; is the server running there?";
    expectFailure(
      await client(`127.0.0.1:${port}`, ["list"]),
      40,
      `leat: list: cannot connect to 127.0.0.1:${port}: ${there} (UNAVAILABLE)`,
    );
    expectFailure(await client("unix:/nowhere/socket", ["list"]), 40, /there is no such socket/);
    expectFailure(await client("no-such-host.invalid", ["list"]), 40, /\(UNAVAILABLE\)/);
  });

  test.skipIf(isDefaultTaken)("and HOST:PATH was typed where none is taken", async () => {
    const hint = "only get, upload and sync take HOST:PATH: here --server names the host";
    for (const args of [
      ["list", "nas:photos"],
      ["stat", "me@nas:x"],
      ["rm", "nas:x"],
    ]) {
      const ran = await run([CLIENT, "client", ...args]);
      expectFailure(ran, 40, new RegExp(`\\(UNAVAILABLE\\); ${hint}\\n$`));
    }
    expectFailure(await run([CLIENT, "client", "list", "nas/a:b"]), 40, /\(UNAVAILABLE\)\n$/);
  });

  test("it greets in plain text, and never reads", async () => {
    using greeting = listen((socket) => void socket.write("220 welcome to my FTP server\r\n"));
    expectFailure(await client(greeting.address, ["list"]), 21, /\(PROTOCOL_ERROR\)/);
  });

  test("it says nothing", async () => {
    using silent = listen(() => {});
    expectFailure(
      await client(silent.address, ["list", "--timeout", "0.2"]),
      42,
      `leat: list: ${silent.address} did not answer within 0.2 s: is it a leat server? (DEADLINE_EXCEEDED)`,
    );
  });

  test("it hangs up", async () => {
    using short = listen((socket) => void socket.shutdown());
    expectFailure(
      await client(short.address, ["list", "--no-retry"]),
      40,
      /not a leat server, or has no room.*\(UNAVAILABLE\)/,
    );
  });

  test("it speaks HTTP", async () => {
    await using http = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    expectFailure(await client(`127.0.0.1:${http.port}`, ["list"]), 21, /\(PROTOCOL_ERROR\)/);
  });
});

describe("a server that is killed in the middle", () => {
  test("of a get: nothing half-written is left, and 41", async () => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    longFile(folder.at("big"), 64 * MiB);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    const to = ["-o", `${here.path}/`, "--no-retry", "--limit-rate", "8M"];
    const getting = client(server.address, ["get", "big", ...to]);
    await until(() => readdirSync(here.path).some((name) => sizeOf(here.at(name)) > 0));
    await server.stop("SIGKILL");
    expectFailure(await getting, 41, /^leat: get: .*\(CONNECTION_LOST\)\n$/);
    expect(visible(here.path)).toEqual([]);
  });

  test("of an upload: nothing has the name, and 41", async () => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    const big = longFile(here.at("big"), 64 * MiB);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    const sending = client(server.address, ["upload", big, "--no-retry", "--limit-rate", "8M"]);
    await until(() => partials(folder.path).some((path) => sizeOf(path) > 0));
    await server.stop("SIGKILL");
    expectFailure(await sending, 41, /^leat: upload: .*\(CONNECTION_LOST\)\n$/);
    expect(readdirSync(folder.path)).toEqual([".leat"]);
  });
});

describe("a client that is stopped in the middle", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("by %s: nothing half-written is left, and %d", async (signal, code) => {
    using folder = new TemporaryFolder();
    using here = new TemporaryFolder();
    longFile(folder.at("big"), 64 * MiB);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    const slowly = ["--server", server.address, "--limit-rate", "8M"];
    await using getting = Bun.spawn([CLIENT, "client", ...slowly, "get", "big"], {
      cwd: here.path,
      env: environment(),
      stdin: "ignore",
      stderr: "pipe",
    });
    await until(() => readdirSync(here.path).some((name) => sizeOf(here.at(name)) > 0));
    getting.kill(signal);
    expect(await getting.exited).toBe(code);
    // Whether a block was whole by then is chance.
    expect(await getting.stderr.text()).toMatch(
      /^leat: interrupted(; the same command continues)?\n$/,
    );
    expect(visible(here.path)).toEqual([]);
  });

  test("while nobody reads what it writes", async () => {
    using folder = new TemporaryFolder();
    longFile(folder.at("big"), 64 * MiB);
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    const args = ["--server", server.address, "get", "big", "-o", "-"];
    await using getting = Bun.spawn([CLIENT, "client", ...args], {
      cwd: PACKAGE,
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const reader = getting.stdout.getReader();
    await reader.read();
    getting.kill("SIGINT");
    expect(await getting.exited).toBe(130);
    expect(await getting.stderr.text()).toBe("leat: interrupted\n");
  });

  test("while it uploads: the server keeps nothing", async () => {
    using folder = new TemporaryFolder();
    await using server = await RunningServer.start([folder.path, "--port", "0"]);
    await using sending = Bun.spawn(
      [CLIENT, "client", "--server", server.address, "upload", "-", "-o", "x"],
      { cwd: PACKAGE, env: environment(), stdin: "pipe", stderr: "ignore" },
    );
    sending.stdin.write("x".repeat(1_000_000));
    await sending.stdin.flush();
    await until(() => partials(folder.path).some((path) => sizeOf(path) > 0));
    sending.kill("SIGINT");
    expect(await sending.exited).toBe(130);
    await until(() => partials(folder.path).length === 0);
    expect(readdirSync(folder.path)).toEqual([".leat"]);
  });
});

describe("a server that lies", () => {
  const names = ["clear\u001b[2Jscreen", "tur\u202ened", "two\nlines"];

  test("cannot reach a terminal through its names, and a pipe gets them as they are", async () => {
    await using server = await createServer({ store: lying(names), port: 0 });
    const { stdout } = await client(server.address, ["list"]);
    expect(stdout).toBe(`${names.join("\n")}\n`);
    const json = await client(server.address, ["list", "--json"]);
    expect(json.stdout).toContain('"tur\\u202ened"');
    const read = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).name);
    expect(read).toEqual(names);
    await using seen = new AtTerminal([CLIENT, "client", "--server", server.address, "list"], {
      cwd: PACKAGE,
    });
    expect(await seen.exited).toBe(0);
    await seen.screen.until("two");
    expect(seen.screen.text.split("\r\n").slice(0, 3)).toEqual([
      "clear\\x1b[2Jscreen",
      "tur\\u{202e}ned",
      "two\\x0alines",
    ]);
  });

  test("cannot reach a terminal through its messages", async () => {
    await using server = await createServer({ store: lying([]), port: 0 });
    expectFailure(
      await client(server.address, ["stat", "x"]),
      44,
      "leat: stat: x: no\\x1b[31m\\x0aleat: all is well (CHANGED)",
    );
  });

  test.each([[["../../evil"]], [["a/b"]], [[""]], [["b", "a"]], [["a", "a"]]])(
    "cannot list %p",
    async (wrong) => {
      await using server = await createServer({ store: lying(wrong), port: 0 });
      expectFailure(await client(server.address, ["list"]), 21, /\(PROTOCOL_ERROR\)/);
      using here = new TemporaryFolder();
      const got = await client(server.address, ["get", "-r", "", "-o", here.at("all")]);
      expect(got.code).not.toBe(0);
      expect(visible(here.path)).toEqual([]);
    },
  );

  test("cannot choose where get writes", async () => {
    using here = new TemporaryFolder();
    here.folder("deep");
    const options = { cwd: here.at("deep") };
    await using server = await createServer({ store: lying(names), port: 0 });
    const leat = [CLIENT, "client", "--server", server.address];
    const wrong = await run([...leat, "get", "../../evil"], options);
    expectFailure(wrong, 11, /\(INVALID_NAME\)/);
    const right = await run([...leat, "get", "folder/asked"], options);
    expect(right).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(here.at("deep/asked"), "utf8")).toBe("lies");
    expect(readdirSync(here.path)).toEqual(["deep"]);
  });
});

/** A store that says what no disk would. */
function lying(names: readonly string[]): Store {
  const entry = (name: string): StoreEntry => ({
    name,
    kind: "FILE",
    size: 4,
    modified: { seconds: 0, nanoseconds: 0 },
    mode: 0o644,
    version: "v",
  });
  const refuse = (): never => {
    throw new LeatError("CHANGED", "no\u001b[31m\nleat: all is well");
  };
  return {
    readOnly: false,
    page: () => ({ entries: names.map(entry), cursor: undefined, skippedNames: 0 }),
    stat: refuse,
    open: () => ({
      entry: entry("../../evil"),
      read: (into, position) => Buffer.from("lies", "utf8").copy(into, 0, position),
      synchronous: true,
      currentVersion: () => "v",
      [Symbol.dispose]() {},
    }),
    create: refuse,
    remove: refuse,
    makeDirectory: refuse,
    async [Symbol.asyncDispose]() {},
  };
}

function listen(open: (socket: Bun.Socket) => void): Disposable & { address: string } {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open, data() {}, error() {} },
  });
  return {
    address: `127.0.0.1:${listener.port}`,
    [Symbol.dispose]: () => listener.stop(true),
  };
}

/** Whether something listens on this port of the machine. */
async function isTaken(port: number): Promise<boolean> {
  try {
    (await Bun.connect({ hostname: DEFAULT_HOST, port, socket: { data() {} } })).terminate();
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Partial files of a library. */
/** What is there, but for hidden files: a download that was interrupted can be continued. */
function visible(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith("."));
}

function partials(library: string): string[] {
  const folder = join(library, PARTIALS);
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return []; // not made yet
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
