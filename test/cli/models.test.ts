/** `leat server --model …` and `--workers …`, as people run them. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { OPTIONS } from "../../src/server/options/table.ts";
import { TemporaryFolder } from "../support/folder.ts";
import {
  AtTerminal,
  client,
  CLIENT,
  expectFailure,
  run,
  RunningServer,
  SERVER,
} from "./support.ts";
import { until } from "../support/until.ts";

const WAYS = [...OPTIONS.model.choices.map((model) => ["--model", model]), ["--workers", "2"]];

/** Processes that serve the library in `folder` or serve for one that does, but `bun run` itself. */
function processesOf(folder: string): number[] {
  const own = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const name of own) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      parents.set(Number(name), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]));
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      if (command.includes(folder)) found.add(Number(name));
    } catch {
      // Gone meanwhile.
    }
  }
  for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  return [...found].toSorted((a, b) => a - b);
}

function exists(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe.each(WAYS)("%s %s", (...way) => {
  test("serves two terminals, and leaves no process when it is told to stop", async () => {
    using library = new TemporaryFolder();
    library.file("foo.txt", "foo\n");
    await using started = await RunningServer.start([library.path, "--port", "0", ...way]);
    const command = [CLIENT, "client", "--server", started.address];
    using here = new TemporaryFolder();
    await using first = new AtTerminal(command, { cwd: here.path });
    await first.screen.until("leat> ");
    await using second = new AtTerminal(command, { cwd: here.path });
    if (way[1] === "iterative") {
      await started.stderr.until("wait 127.0.0.1");
      expect(second.screen.text).not.toContain("leat>");
      await first.type("quit\r", "quit");
      expect(await first.exited).toBe(0);
    }
    await second.screen.until("leat> ");
    expect(await second.enter("list")).toContain("foo.txt");
    const all = processesOf(library.path);
    expect(await started.stop("SIGTERM")).toBe(0);
    expect(all.filter(exists)).toEqual([]);
    expect(started.stdout.text).toBe(`leat listening on ${started.address}\n`);
    const again = ["--port", started.port, ...way];
    await using restarted = await RunningServer.start([library.path, ...again]);
    expect((await client(restarted.address, ["list"])).stdout).toBe("foo.txt\n");
  });

  test("leaves no process when it is killed", async () => {
    using library = new TemporaryFolder();
    await using started = await RunningServer.start([library.path, "--port", "0", ...way]);
    await using shell = new AtTerminal([CLIENT, "client", "--server", started.address], {
      cwd: library.path,
    });
    await shell.screen.until("leat> ");
    const all = processesOf(library.path);
    await started.stop("SIGKILL");
    await until(() => !all.some(exists));
    expectFailure(await client(started.address, ["ping"]), 40, /\(UNAVAILABLE\)/);
  });
});

test("a Ctrl-C at the server's terminal stops it and its processes together, once", async () => {
  using library = new TemporaryFolder();
  const command = [SERVER, "server", library.path, "--port", "0", "--workers", "2"];
  await using started = new AtTerminal(command, { cwd: library.path });
  await started.screen.until("leat listening on");
  const all = processesOf(library.path);
  expect(all.length).toBeGreaterThanOrEqual(3);
  await started.type("\x03", "stopping signal=SIGINT");
  expect(await started.exited).toBe(0);
  expect(all.filter(exists)).toEqual([]);
  expect(started.screen.text).not.toContain("died");
});

test("flags that make no sense are refused", async () => {
  using library = new TemporaryFolder();
  const server = (...args: string[]) => run([SERVER, "server", library.path, ...args]);
  const [model, workers, both, few] = await Promise.all([
    server("--model", "magic"),
    server("--workers", "0"),
    server("--workers", "2", "--model", "threads"),
    server("--workers", "3", "--max-connections", "2"),
  ]);
  expectFailure(model, 2, /Allowed choices are event-loop, iterative, processes, threads/);
  expectFailure(workers, 2, /a whole number, 1 to 64/);
  expectFailure(both, 2, /--workers run the event loop each: --model threads has none/);
  expectFailure(few, 2, /some workers would serve no client/);
});
