import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { PARTIALS } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { TLS_FILES } from "../support/tls.ts";
import {
  AtTerminal,
  client,
  CLIENT,
  environment,
  expectFailure,
  leat,
  PACKAGE,
  run,
  RunningServer,
  SERVER,
} from "./support.ts";
import { until } from "../support/until.ts";

const server = (...args: string[]) => run([SERVER, "server", ...args]);

describe("a server that starts", () => {
  test("says on stdout that it is ready, and logs who connects", async () => {
    using library = new TemporaryFolder();
    await using started = await RunningServer.start([library.path, "--port", "0"]);
    expect((await client(started.address, ["ping"])).code).toBe(0);
    await started.stderr.until(/info {2}connect 127\.0\.0\.1:\d+ \w+=\d+/);
    await started.stderr.until("disconnect");
    expect(started.stderr.text).toContain(`serving library=${library.path} durability=fsync`);
    expect(started.stdout.text).toBe(`leat listening on ${started.address}\n`);
  });

  test("stops on SIGINT and SIGTERM with 0, and its port is free at once", async () => {
    using library = new TemporaryFolder();
    let port = "0";
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await using started = await RunningServer.start([library.path, "--port", port]);
      port = started.port;
      // One that stays, so that the server is the first to close.
      await using open = Bun.spawn([CLIENT, "client", "--server", started.address], {
        cwd: PACKAGE,
        stdin: "pipe",
        stdout: "ignore",
        stderr: "ignore",
      });
      await started.stderr.until("connect 127");
      expect(await started.stop(signal)).toBe(0);
      expect(started.stderr.text).toContain(`stopping signal=${signal}`);
      expect(started.address).toEndWith(`127.0.0.1:${port}`);
      expect(started.stdout.text).toBe(`leat listening on ${started.address}\n`);
      void open.stdin.end();
    }
  });

  test("lets a transfer finish, unless it is told twice", async () => {
    using library = new TemporaryFolder();
    await using started = await RunningServer.start([library.path, "--port", "0"]);
    const args = ["--server", started.address, "upload", "-", "--to", "x"];
    await using sending = Bun.spawn([CLIENT, "client", ...args], {
      env: environment(),
      stdin: "pipe",
      stdout: "ignore",
      stderr: "pipe",
    });
    sending.stdin.write("x".repeat(1_000_000));
    await sending.stdin.flush();
    await until(() => existsSync(library.at(PARTIALS)));
    started.child.kill("SIGTERM");
    await started.stderr.until("stopping signal=SIGTERM connections=1");
    expectFailure(await client(started.address, ["ping"]), 40, /\(UNAVAILABLE\)/);
    // Later than an echo of the first.
    await Bun.sleep(350);
    expect(await started.stop("SIGINT")).toBe(130);
    await sending.exited;
    expect(await sending.stderr.text()).toMatch(/^leat: upload: .*\(CONNECTION_LOST\)\n$/);
    expect(readdirSync(library.path)).toEqual([".leat"]);
  });

  test("takes its library from the folder it is started in, and makes it", async () => {
    using here = new TemporaryFolder();
    await using started = new AtTerminal([SERVER, "server", "--port", "0"], { cwd: here.path });
    await started.screen.until("leat listening on 127.0.0.1:");
    expect(existsSync(here.at("library"))).toBe(true);
    // At a terminal: the time of day, in colour.
    expect(started.screen.text).toContain("\x1b[36minfo \x1b[0m");
    expect(Bun.stripANSI(started.screen.text)).toMatch(/^\d\d:\d\d:\d\d info {2}serving /);
    await started.type("\x03", "stopping signal=SIGINT");
    expect(await started.exited).toBe(0);
  });

  test("listens on a Unix socket, takes flags from the environment, logs JSON", async () => {
    using folder = new TemporaryFolder();
    folder.folder("library");
    await using started = await RunningServer.start(
      [folder.at("library"), "--unix", folder.at("socket")],
      { LEAT_READ_ONLY: "1", LEAT_LOG_FORMAT: "json", LEAT_DURABILITY: "none" },
    );
    expect(started.address).toBe(`unix:${folder.at("socket")}`);
    const made = await client(started.address, ["mkdir", "x"]);
    expectFailure(made, 24, /^leat: mkdir: .*\(READ_ONLY\)\n$/);
    const [line] = (await started.stderr.until("\n")).split("\n");
    expect(JSON.parse(line ?? "")).toEqual({
      level: 30,
      time: expect.any(Number),
      library: folder.at("library"),
      durability: "none",
      readOnly: true,
      msg: "serving",
    });
  });

  test("listens again where one that was killed left its socket, and where none answers only", async () => {
    using folder = new TemporaryFolder();
    const args = [folder.folder("library"), "--unix", folder.at("socket")];
    const killed = await RunningServer.start(args);
    await killed.stop("SIGKILL");
    await expect(killed.stdout.until("never")).rejects.toThrow("never came");
    await using again = await RunningServer.start(args);
    expect((await client(again.address, ["ping"])).code).toBe(0);
    expectFailure(await server(...args), 40, /it is taken.*\(UNAVAILABLE\)/);
    const file = folder.file("file", "stays");
    expect((await server(args[0]!, "--unix", file)).code).toBe(40);
    expect(existsSync(file)).toBe(true);
  });

  test("is quiet when asked", async () => {
    using library = new TemporaryFolder();
    const args = [library.path, "--port", "0", "--log-level", "silent"];
    await using started = await RunningServer.start(args);
    expect((await client(started.address, ["ping"])).code).toBe(0);
    expect(await started.stop()).toBe(0);
    expect(started.stderr.text).toBe("");
  });

  test("tells a client too many to come back", async () => {
    using library = new TemporaryFolder();
    const args = [library.path, "--port", "0", "--max-connections", "1", "--model", "event-loop"];
    await using started = await RunningServer.start(args);
    await using first = new AtTerminal([CLIENT, "client", "--server", started.address], {
      cwd: library.path,
    });
    await first.screen.until("leat> ");
    const second = await client(started.address, ["ping", "--no-retry"]);
    expectFailure(second, 43, /1 connections; try again later \(RESOURCE_EXHAUSTED\)/);
  });

  test("is gone when bun run is killed", async () => {
    using library = new TemporaryFolder();
    await using started = await RunningServer.start([library.path, "--port", "0"]);
    await started.stop("SIGKILL");
    // Its end of the pipe closes with it.
    await expect(started.stdout.until("never")).rejects.toThrow("never came");
    expectFailure(await client(started.address, ["ping"]), 40, /refused.*\(UNAVAILABLE\)/);
  });
});

describe("a server that cannot start", () => {
  test("says which library is wrong, and why", async () => {
    using folder = new TemporaryFolder();
    const file = folder.file("file", "x");
    const missing = join(folder.path, "missing");
    const start = `leat server: cannot serve the folder`;
    const [absent, notFolder, empty] = await Promise.all([
      server(missing),
      server(file),
      server(""),
    ]);
    expectFailure(absent, 12, `${start} "${missing}": there is no such file or folder (NOT_FOUND)`);
    expectFailure(notFolder, 17, `${start} "${file}": it is not a folder (NOT_A_DIRECTORY)`);
    expectFailure(empty, 2, /^leat server: LIBRARY is empty/);
    expect(existsSync(missing)).toBe(false);
  });

  // Root may read everything.
  test.skipIf(process.getuid?.() === 0)("says that a library cannot be read", async () => {
    using folder = new TemporaryFolder();
    const library = folder.folder("library");
    chmodSync(library, 0);
    const ran = await server(library);
    chmodSync(library, 0o700);
    expectFailure(ran, 14, /permission denied by the file system \(PERMISSION_DENIED\)/);
  });

  test("guides those who mistype a command of it", async () => {
    expectFailure(
      await server("confg"),
      2,
      'leat server: there is no folder "confg"; did you mean leat server config?',
    );
    expect(await server("help")).toEqual(await server("--help"));
  });

  test("says that its port is taken", async () => {
    using library = new TemporaryFolder();
    await using started = await RunningServer.start([library.path, "--port", "0"]);
    const ran = await server(library.path, "--port", started.port);
    const taken = `it is taken; stop what listens there or choose another --port`;
    expectFailure(
      ran,
      40,
      `leat server: cannot listen on 127.0.0.1:${started.port}: ${taken} (UNAVAILABLE)`,
    );
  });

  test("refuses to serve strangers by accident", async () => {
    using library = new TemporaryFolder();
    expectFailure(
      await server(library.path, "--host", "0.0.0.0"),
      2,
      /leat server init .* --allow-anonymous/,
    );
    const args = [library.path, "--host", "0.0.0.0", "--port", "0", "--allow-anonymous"];
    await using started = await RunningServer.start(args);
    expect(started.address).toMatch(/^(tls:\/\/)?0\.0\.0\.0:\d+$/);
  });

  test("that listens on all addresses says what to type elsewhere", async () => {
    using library = new TemporaryFolder();
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const outside = all.find(({ internal, family }) => !internal && family === "IPv4")?.address;
    if (outside === undefined) return; // a machine without a network
    for (const host of ["0.0.0.0", "::", "[::]"]) {
      const args = [library.path, "--host", host, "--port", "0", "--allow-anonymous"];
      await using started = await RunningServer.start(args);
      const kind = TLS_FILES === undefined ? "tcp" : "tls";
      const address = `${kind}://${outside}:${started.port}`;
      await started.stderr.until(`on another machine: leat client --server ${address}\n`);
      expect((await client(address, ["ping"])).code).toBe(0);
      expect(started.stdout.text).toBe(`leat listening on ${started.address}\n`);
    }
  });

  test.each([["[::1]"], ["0:0:0:0:0:0:0:1"], ["[0::1]"], ["127.0.0.2"], ["LOCALHOST"]])(
    "takes --host %s for this machine alone",
    async (host) => {
      using library = new TemporaryFolder();
      await using started = await RunningServer.start([
        library.path,
        "--host",
        host,
        "--port",
        "0",
      ]);
      expect((await client(started.address, ["ping"])).code).toBe(0);
      expect(started.address).not.toContain("[[");
    },
  );

  test.each([
    [["--port", "70000"], /'70000' is invalid\. It should be a whole number, 0 to 65535/],
    [["--port", "-1"], /'-1' is invalid/],
    [["--durability", "maybe"], /Allowed choices are fsync, none/],
    [["--max-connections", "0"], /a whole number, 1 or more/],
    [["--prt", "1"], /unknown option '--prt' \(Did you mean --port\?\)/],
    [["--host", "a b"], /'a b' is invalid\. It is neither an address nor the name of a host/],
    [["--host", ""], /'' is invalid\. It is neither an address/],
    [["--host", "256.1.1.1"], /It is neither an address/],
    [["--host", "[127.0.0.1]"], /It is neither an address/],
    [["--host", ":::"], /It is neither an address/],
    [["--host", "[::1]:80"], /The port has a flag of its own: --port 80/],
    [["--host", "127.0.0.1:80"], /The port has a flag of its own: --port 80/],
    [["--unix", "/tmp/x", "--port", "1"], /--unix listens on a path/],
    [["one", "two"], /too many arguments/],
  ])("explains what is wrong with %j", async (args, line) => {
    expectFailure(await server(...args), 2, line);
  });

  test("names the length of a Unix path that is too long, at both ends", async () => {
    using library = new TemporaryFolder();
    for (const bytes of [108, 300]) {
      const path = `/${"x".repeat(bytes - 1)}`;
      const wrong = new RegExp(
        `at most 10[37] bytes, and this one ${bytes};.*\\(INVALID_ARGUMENT\\)`,
      );
      expectFailure(await server(library.path, "--unix", path), 10, wrong);
      expectFailure(await client(`unix:${path}`, ["ping"]), 10, wrong);
    }
    await using short = await RunningServer.start([library.path, "--unix", library.at("socket")]);
    expect((await client(short.address, ["ping"])).code).toBe(0);
  });

  test("explains what is wrong in the environment", async () => {
    const ran = await run([SERVER, "server"], { env: { LEAT_READ_ONLY: "maybe" } });
    expectFailure(ran, 2, /LEAT_READ_ONLY=maybe in the environment is invalid/);
  });
});

describe("leat by itself", () => {
  test("tells its version and what it can do", async () => {
    using here = new TemporaryFolder();
    mkdirSync(here.at("sub"));
    const [version, help, nothing, nonsense] = await Promise.all([
      leat(here.path, ["--version"]),
      leat(here.path, ["--help"]),
      leat(here.path, []),
      leat(here.at("sub"), ["nonsense"]),
    ]);
    expect(version).toEqual({ code: 0, stdout: "leat 0.1.0\n", stderr: "" });
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("leat server [LIBRARY]");
    expectFailure(nothing, 2, /say what to do/);
    expectFailure(nonsense, 2, /there is no "nonsense"/);
  });
});
