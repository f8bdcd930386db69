/** Transfers that a signal ends in the middle: what is kept, what is said, and that it goes on. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { MiB } from "../../src/limits.ts";
import { contents, longFile } from "../support/contents.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { PARTIALS } from "../support/served.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { CLIENT, environment, leat, RunningServer, Written } from "./support.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const SIZE = 20 * MiB;
/** Where the line stalls: behind some whole blocks. */
const STALL = 12.5 * MiB;

class Stage implements AsyncDisposable {
  readonly library = new TemporaryFolder();
  readonly here = new TemporaryFolder();
  readonly server: RunningServer;
  readonly proxy: FaultProxy;

  private constructor(library: TemporaryFolder, server: RunningServer) {
    this.library = library;
    this.server = server;
    // The first connection stalls in both directions.
    this.proxy = new FaultProxy(Number(server.port), (connection) =>
      connection === 0 ? { stallUp: STALL, stallDown: STALL } : {},
    );
  }

  static async start(): Promise<Stage> {
    const library = new TemporaryFolder();
    return new Stage(library, await RunningServer.start([library.path, "--port", "0"]));
  }

  /** Begins a command, on a line that stalls: it sees no end of the command before `proxy.reset`. */
  begin(...args: string[]) {
    return Bun.spawn([CLIENT, "client", "--server", this.proxy.address, ...args], {
      cwd: this.here.path,
      env: environment(),
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
  }

  run(...args: string[]) {
    return leat(this.here.path, ["client", "--server", this.server.address, ...args]);
  }

  /** Sizes of what the server keeps of uploads. */
  get partials(): number[] {
    return sizesIn(this.library.at(PARTIALS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
    this.library[Symbol.dispose]();
    this.here[Symbol.dispose]();
  }
}

/** Of files with a hidden name, or in a hidden folder. */
function sizesIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.endsWith(".sums"))
      .map((name) => statSync(`${folder}/${name}`).size);
  } catch {
    return []; // not made yet, or gone meanwhile
  }
}

const equals = (path: string, bytes: Uint8Array): boolean =>
  Buffer.compare(readFileSync(path), bytes) === 0;

describe.each(SIGNALS)("a transfer that is ended by %s", (signal) => {
  const code = 128 + constants.signals[signal];

  test("is kept by the server, of an upload, and the same command continues", async () => {
    await using stage = await Stage.start();
    const bytes = contents(SIZE, 1);
    stage.here.file("big", bytes);
    await using sending = stage.begin("upload", "big");
    await until(() => stage.partials.some((size) => size > 12 * MiB));
    sending.kill(signal);
    expect(await sending.exited).toBe(code);
    expect(await sending.stderr.text()).toBe("leat: interrupted; the same command continues\n");
    stage.proxy.reset();
    await until(() => stage.partials[0] === 12 * MiB);
    expect(await stage.run("upload", "big")).toEqual({
      code: 0,
      stdout: "",
      stderr: "leat: upload: big continues at 12.0 MiB of 20.0 MiB\n",
    });
    expect(equals(stage.library.at("big"), bytes)).toBe(true);
    expect(stage.partials).toEqual([]);
  });

  test("is kept here, of a download, and the same command continues", async () => {
    await using stage = await Stage.start();
    const bytes = contents(SIZE, 2);
    stage.library.file("big", bytes);
    await using getting = stage.begin("get", "big");
    await until(() => sizesIn(stage.here.path).some((size) => size > 12 * MiB));
    getting.kill(signal);
    expect(await getting.exited).toBe(code);
    expect(await getting.stderr.text()).toBe("leat: interrupted; the same command continues\n");
    stage.proxy.reset();
    expect(await stage.run("get", "big")).toEqual({
      code: 0,
      stdout: "",
      stderr: "leat: get: big continues at 12.0 MiB of 20.0 MiB\n",
    });
    expect(equals(stage.here.at("big"), bytes)).toBe(true);
    expect(readdirSync(stage.here.path)).toEqual(["big"]);
  });
});

describe("an upload that Ctrl-C ends while bytes flow", () => {
  async function interrupt(stage: Stage, ...args: string[]): Promise<string> {
    const slowly = ["--limit-rate", "24M", "upload", "huge"];
    await using sending = stage.begin("--server", stage.server.address, ...slowly, ...args);
    const said = new Written(sending.stderr);
    const before = Math.max(0, ...stage.partials);
    await until(() => stage.partials.some((size) => size > before + 12 * MiB));
    sending.kill("SIGINT");
    expect(await sending.exited).toBe(130);
    return await said.until("interrupted");
  }

  test("leaves whole blocks, which the same command finds; and nothing with --discard-partial", async () => {
    await using stage = await Stage.start();
    longFile(stage.here.at("huge"), 128 * MiB);
    expect(await interrupt(stage)).toBe("leat: interrupted; the same command continues\n");
    await until(() => stage.partials.every((size) => size % MiB === 0));
    expect(stage.partials[0]).toBeGreaterThanOrEqual(12 * MiB);
    expect(await interrupt(stage, "--discard-partial")).toMatch(
      /^leat: upload: huge continues at [\d.]+ MiB of 128 MiB\nleat: interrupted\n$/,
    );
    await until(() => stage.partials.length === 0);
  });
});

describe("a tree that Ctrl-C ends", () => {
  test("is told how it goes on, where the folder that it was to become is there by now", async () => {
    await using stage = await Stage.start();
    const bytes = contents(SIZE, 4);
    stage.library.file("tree/big", bytes);
    await using getting = stage.begin("get", "-r", "tree", "--to", "new");
    await until(() => sizesIn(stage.here.at("new")).some((size) => size > 12 * MiB));
    getting.kill("SIGINT");
    const hint = "get -r tree/. --to new";
    expect(await getting.stderr.text()).toBe(`leat: interrupted; ${hint} continues\n`);
    stage.proxy.reset();
    expect(await stage.run(...hint.split(" "))).toMatchObject({
      code: 0,
      stderr: "leat: get: tree/big continues at 12.0 MiB of 20.0 MiB\n",
    });
    expect(readdirSync(stage.here.at("new"))).toEqual(["big"]);
    expect(equals(stage.here.at("new/big"), bytes)).toBe(true);
  });

  test("on its way up, too", async () => {
    await using stage = await Stage.start();
    const bytes = contents(SIZE, 5);
    stage.here.file("tree/big", bytes);
    stage.here.file("tree/small", "small");
    await using sending = stage.begin("upload", "-r", "tree", "-o", "new");
    await until(() => stage.partials.some((size) => size > 11 * MiB));
    await until(() => existsSync(stage.library.at("new/small")));
    sending.kill("SIGINT");
    const hint = "upload -r tree/. --to new --if-exists skip";
    expect(await sending.stderr.text()).toBe(`leat: interrupted; ${hint} continues\n`);
    stage.proxy.reset();
    await until(() => stage.partials.every((size) => size % MiB === 0));
    const again = await stage.run(...hint.split(" "));
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(
      /^leat: upload: tree\/\.\/big continues at 1\d\.0 MiB of 20\.0 MiB\n$/,
    );
    expect(equals(stage.library.at("new/big"), bytes)).toBe(true);
  });

  test("also of small files alone, some of which have arrived", async () => {
    await using stage = await Stage.start();
    const names = Array.from({ length: 250 }, (_, n) => `${n}`);
    for (const name of names) stage.here.file(`tree/${name}`, new Uint8Array(60 * 1024));
    await using sending = stage.begin("upload", "-r", "tree", "-o", "new");
    await until(() => sizesIn(stage.library.at("new")).length > 20);
    sending.kill("SIGINT");
    const hint = "upload -r tree/. --to new --if-exists skip";
    expect(await sending.stderr.text()).toBe(`leat: interrupted; ${hint} continues\n`);
    expect(await stage.run(...hint.split(" "))).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(stage.library.at("new")).length).toBe(names.length);
  });

  test("goes on by the same command where that goes to the same place", async () => {
    await using stage = await Stage.start();
    stage.here.file("tree/big", contents(SIZE, 6));
    stage.library.folder("there");
    await using sending = stage.begin("upload", "-r", "tree", "-o", "there", "--if-exists", "skip");
    await until(() => stage.partials.some((size) => size > 11 * MiB));
    sending.kill("SIGINT");
    expect(await sending.stderr.text()).toBe("leat: interrupted; the same command continues\n");
  });
});

describe("a run that goes on", () => {
  const moved = /of which 8\.00 MiB in [\d.]+ m?s(, [\d.]+ [KM]iB\/s)?, /;

  test.each([
    ["upload big", /^big {2}20\.0 MiB, /],
    ["get big", /^big {2}20\.0 MiB, /],
    ["upload -r tree", /^1 file, 1 folder {2}20\.0 MiB, /],
    ["get -r tree", /^1 file, 1 folder {2}20\.0 MiB, /],
  ] as const)("%s tells the rate of what it moves itself", async (command, begins) => {
    await using stage = await Stage.start();
    const args = command.split(" ");
    const upload = args[0] === "upload";
    const where = upload ? stage.here : stage.library;
    where.file(args.includes("-r") ? "tree/big" : "big", contents(SIZE, 3));
    await using first = stage.begin(...args);
    const kept = (): number[] =>
      upload ? stage.partials : [stage.here.path, stage.here.at("tree")].flatMap(sizesIn);
    await until(() => kept().some((size) => size > 12 * MiB && size < SIZE));
    first.kill("SIGINT");
    expect(await first.exited).toBe(130);
    stage.proxy.reset();
    if (upload) await until(() => stage.partials[0] === 12 * MiB);
    const flags = args.includes("-r") && upload ? ["--if-exists", "skip"] : [];
    const { code, stderr } = await stage.run(...args, ...flags, "-v");
    expect(code).toBe(0);
    expect(stderr).toContain("continues at");
    const told = stderr.trim().split("\n").at(-1)!;
    expect(told).toMatch(begins);
    expect(told).toMatch(moved);
  });

  test("says the same about its tries once", async () => {
    using library = new TemporaryFolder();
    using here = new TemporaryFolder();
    const names = ["a", "b", "c", "d"];
    for (const name of names) library.file(name, contents(9 * MiB, 4));
    await using server = await RunningServer.start([library.path, "--port", "0"]);
    using proxy = new FaultProxy(Number(server.port), (connection) =>
      connection < 4 ? { cutDown: 6 * MiB } : {},
    );
    const args = ["client", "--server", proxy.address, "get", ...names];
    const { code, stderr } = await leat(here.path, args);
    expect(code).toBe(0);
    const lines = stderr.split("\n").filter((line) => line.includes("trying again"));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines).toEqual([...new Set(lines)]);
    expect(proxy.connections).toBeGreaterThan(3);
  });
});
