import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { MiB } from "../../src/limits.ts";
import { longFile } from "../support/contents.ts";
import { PARTIALS } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import {
  AtTerminal,
  CLIENT,
  environment,
  expectFailure,
  PACKAGE,
  run,
  RunningServer,
  Served,
  Written,
} from "./support.ts";
import { until } from "../support/until.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
  served.library.file("a.txt", "A");
  served.library.file("my docs/it is.txt", "B");
});
afterAll(() => served[Symbol.asyncDispose]());

/** Whether nobody listens at a port. */
async function isRefused(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.terminate();
    return false;
  } catch {
    return true;
  }
}

/** The shell with lines piped into it. */
function piped(lines: readonly string[], cwd = served.library.path) {
  const command = [CLIENT, "client", "--server", served.server.address];
  return run(command, { cwd, stdin: lines.map((line) => `${line}\n`).join("") });
}

describe("commands piped into the shell", () => {
  test("go on after a mistake; the first decides the exit code", async () => {
    const stdin = "list\nget a.txt -o -\nnonsense\nget nope\nstat a.txt --json\nquit\nlist\n";
    const ran = await served.client([], { stdin });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toStartWith('a.txt\nmy docs/\nA{"path":"a.txt","name":"a.txt"');
    expect(ran.stdout.trim().split("\n").length).toBe(3);
    expect(ran.stderr).toBe(
      'leat: unknown command "nonsense"; type help to see what there is\n' +
        'leat: get: there is no "nope" (NOT_FOUND); list shows what there is\n',
    );
  });

  test("end with the code of the first failure, or with 0", async () => {
    expect((await piped(["get nope", "nonsense"])).code).toBe(12);
    expect(await piped(["", "  ", "# a remark", "quit"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect((await piped(["exit"])).code).toBe(0);
    expect((await piped([])).code).toBe(0);
  });

  test("may have quotes, and none that is not closed", async () => {
    using here = new TemporaryFolder();
    const lines = [
      "get 'my docs/it is.txt'",
      "get \"my docs/it is.txt\" --to 'second one'",
      "get my\\ docs/it\\ is.txt -o third",
      'get "half',
    ];
    const ran = await piped(lines, here.path);
    expectFailure(ran, 2, 'leat: a quote (") is opened and not closed');
    expect(readdirSync(here.path).toSorted()).toEqual(["it is.txt", "second one", "third"]);
    expect(readFileSync(here.at("third"), "utf8")).toBe("B");
  });

  test("cannot upload the input they come from", async () => {
    expectFailure(await piped(["upload - --to x"]), 2, /where the commands come from/);
  });

  test("help tells everything, or about one command", async () => {
    const all = await piped(["help"]);
    for (const name of ["list", "get", "upload", "status", "quit"]) {
      expect(all.stdout).toContain(`\n  ${name} `.slice(name === "list" ? 1 : 0));
    }
    const one = await piped(["help get", "? ls"]);
    expect(one.stdout).toContain("Usage: get [options] <REMOTE...>\n");
    expect(one.stdout).toContain("Usage: list, ls [options] [PATH...]\n");
    expectFailure(await piped(["help lst"]), 2, /did you mean list\?/);
  });

  test("need a server that is there", async () => {
    const ran = await run([CLIENT, "client", "--server", "unix:/nowhere"], {
      cwd: served.library.path,
      stdin: "list\nlist\n",
    });
    expectFailure(ran, 40, /^leat: cannot connect to unix:\/nowhere/);
  });

  test("connect again when the server was away", async () => {
    using library = new TemporaryFolder();
    library.file("x", "");
    const first = await RunningServer.start([library.path, "--port", "0"]);
    const { address, port } = first;
    await using shell = Bun.spawn([CLIENT, "client", "--server", address], {
      env: environment(),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = [new Written(shell.stdout), new Written(shell.stderr)];
    shell.stdin.write("list\n");
    await shell.stdin.flush();
    await stdout.until("x\n");
    await first.stop();
    await using second = await RunningServer.start([library.path, "--port", port]);
    shell.stdin.write("list\nquit\n");
    await shell.stdin.end();
    expect(await shell.exited).toBe(0);
    expect(stdout.text).toBe("x\nx\n");
    expect(stderr.text).toBe(
      `leat: the connection to ${address} is lost; the next command connects again\n`,
    );
    expect(second.address).toBe(address);
  });
});

describe("the shell at a terminal", () => {
  const shell = (cwd: string, env: Record<string, string> = {}, flags: readonly string[] = []) =>
    new AtTerminal([CLIENT, "client", "--server", served.server.address, ...flags], { cwd, env });
  /** With these a transfer of 1 GiB is not over before its bar was seen, on a busy machine neither. */
  const SLOW = ["--limit-rate", "16M"];

  test("says what can be typed, guides after a mistake, and leaves on Ctrl-D with 0", async () => {
    using here = new TemporaryFolder();
    await using at = shell(here.path);
    const banner = await at.prompt();
    expect(banner).toContain(`connected to ${served.server.address}`);
    for (const name of ["list", "get", "upload", "quit"]) expect(banner).toContain(`  ${name} `);
    expect(await at.enter("lsit")).toContain("did you mean list? type help to see what there is");
    expect(await at.enter("get a.txt")).toMatch(
      /a\.txt {2}1 B in [\d.]+ m?s(, [\d.]+ B\/s)?, verified, on disk\r\n/,
    );
    expect(await at.enter("rename a.txt a.txt")).toMatch(/leat: rename: .*\r\n/);
    await at.type("\x04", "\n");
    expect(await at.exited).toBe(0);
    expect(readFileSync(here.at("a.txt"), "utf8")).toBe("A");
  });

  test("completes commands and names, and remembers lines", async () => {
    using here = new TemporaryFolder();
    for (const name of ["local.txt", "other.b", "other.c", "other.a"]) here.file(name, "");
    await using at = shell(here.path);
    await at.prompt();
    await at.type("che", "che");
    await at.type("\t", "cksum ");
    await at.type("\x15stat my", "stat my");
    await at.type("\t", "\\ docs/");
    await at.type("\t", "it\\ is.txt ");
    expect(await at.enter("")).toContain("size      1 byte\r\n");
    await at.type("upload loc", "upload loc");
    await at.type("\t", "al.txt ");
    await at.type("\x15upload oth\t", "er.");
    await at.type("\t", /other\.a +other\.b +other\.c/);
    await at.type("\x15\x1b[A", "stat my\\ docs/it\\ is.txt");
    await at.type("\x15quit\r", "\n");
    expect(await at.exited).toBe(0);
  });

  test("shows how far a transfer is, and Ctrl-C gives it up", async () => {
    using here = new TemporaryFolder();
    longFile(served.library.at("big"), 64 * MiB);
    await using at = shell(here.path, { NO_COLOR: "1" }, SLOW);
    await at.prompt();
    await at.type("half a line", "line");
    await at.type("\x03", "^C\r\n");
    await at.type("get big\r", /big +━*─+ +\d+% +[\d.]+ [KMG]iB\/s +\d+:\d\d/);
    // The bar is wiped from its line.
    await at.type("\x03", "\r\x1b[2Kleat: interrupted; the same command continues\r\n");
    await at.prompt();
    expect(readdirSync(here.path).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(await at.enter("list")).toContain("my docs/\r\n");
    expect(at.screen.text).not.toContain("\x1b[36m");
    await at.type("quit\r", "\n");
    expect(await at.exited).toBe(0);
  });

  test("keeps an upload that Ctrl-C ends, and the same line continues it", async () => {
    using here = new TemporaryFolder();
    longFile(here.at("large"), 64 * MiB);
    await using at = shell(here.path, { NO_COLOR: "1" }, SLOW);
    await at.prompt();
    for (const again of [false, true]) {
      const bar = /large +━+─* +\d+%/;
      const after = at.screen.text.length;
      await at.type("upload large\r", again ? /continues at [\d.]+ MiB of 64\.0 MiB/ : bar);
      await at.screen.until(bar, after);
      await at.type("\x03", "leat: interrupted; the same command continues\r\n");
      await at.prompt();
    }
    await at.type("upload large --discard-partial\r", /continues at [^]*large +━+─* +\d+%/);
    await at.type("\x03", "leat: interrupted\r\n");
    await at.prompt();
    await until(() => readdirSync(served.library.at(PARTIALS)).length === 0);
    await at.type("quit\r", "\n");
    expect(await at.exited).toBe(0);
  });

  test("says that the connection is lost, and connects again", async () => {
    using library = new TemporaryFolder();
    library.file("there", "");
    const first = await RunningServer.start([library.path, "--port", "0"]);
    const { address, port } = first;
    await using at = new AtTerminal([CLIENT, "client", "--server", address], {
      cwd: library.path,
    });
    await at.prompt();
    await first.stop("SIGKILL");
    await at.screen.until("is lost; the next command connects again\r\n");
    await at.prompt();
    // What was killed is `bun run`: the server goes a moment later, its connections before its port.
    await until(() => isRefused(Number(port)));
    expect(await at.enter("list")).toContain("(UNAVAILABLE)\r\n");
    await using second = await RunningServer.start([library.path, "--port", port]);
    expect(await at.enter("list")).toContain("there\r\n");
    expect(second.address).toBe(address);
    await at.type("exit\r", "\n");
    expect(await at.exited).toBe(0);
  });

  test("ends with the signal that ends it", async () => {
    using here = new TemporaryFolder();
    await using at = shell(here.path);
    await at.prompt();
    at.kill("SIGTERM");
    expect(await at.exited).toBe(143);
  });
});

describe("one command at a terminal", () => {
  test("tells what it did, without a bar for what is quick", async () => {
    using here = new TemporaryFolder();
    here.file("new.txt", "12345");
    const command = [CLIENT, "client", "--server", served.server.address, "upload", "new.txt"];
    await using at = new AtTerminal(command, { cwd: here.path });
    expect(await at.exited).toBe(0);
    await at.screen.until(/^new\.txt {2}5 B in [\d.]+ m?s(, [\d.]+ B\/s)?, on disk\r\n$/);
  });

  test("is interrupted by Ctrl-C, its bar wiped", async () => {
    using here = new TemporaryFolder();
    longFile(here.at("huge"), 64 * MiB);
    // Through bun run, which passes on the signal that the terminal sends to both.
    const script = [CLIENT, "client", "--server", served.server.address, "--limit-rate", "8M"];
    await using at = new AtTerminal([...script, "upload", here.at("huge")], {
      cwd: PACKAGE,
    });
    await at.screen.until("%");
    await at.type("\x03", "leat: interrupted; the same command continues\r\n");
    expect(await at.exited).toBe(130);
    expect(at.screen.text).toEndWith("\r\x1b[2Kleat: interrupted; the same command continues\r\n");
  });
});
