/** The shell's folders, there and here: cd, lcd, pwd, lpwd, and what Tab and ~ make of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { AtTerminal, CLIENT, run, Served } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
  served.library.file("top.txt", "top");
  served.library.file("docs/today", "today");
  served.library.file("docs/deep/down", "down");
});
afterAll(() => served[Symbol.asyncDispose]());

/** The shell with lines piped into it. */
function piped(cwd: TemporaryFolder, lines: readonly string[], env: Record<string, string> = {}) {
  const command = [CLIENT, "client", "--server", served.server.address];
  return run(command, { cwd: cwd.path, env, stdin: lines.map((line) => `${line}\n`).join("") });
}

const done = (stdout: string) => ({ code: 0, stdout, stderr: "" });

describe("in the library", () => {
  test("names begin where cd went", async () => {
    using here = new TemporaryFolder();
    const lines = [
      "pwd",
      "cd docs",
      "pwd",
      "list",
      "get today",
      "cd deep/",
      "get down ../today -o -",
    ];
    const ran = await piped(here, [...lines, "cd ../..", "pwd", "cd -", "pwd", "cd", "pwd"]);
    expect(ran).toEqual(done("/\n/docs\ndeep/\ntoday\ndowntoday/\n/docs/deep\n/\n"));
    expect(readdirSync(here.path)).toEqual(["today"]);
  });

  test("a slash begins at the library, with or without a shell", async () => {
    using here = new TemporaryFolder();
    const lines = ["cd /docs/deep", "get /top.txt", "list /", "stat --json //docs"];
    const ran = await piped(here, lines);
    expect(ran.stdout).toStartWith('docs/\ntop.txt\n{"path":"docs"');
    expect(readFileSync(here.at("top.txt"), "utf8")).toBe("top");
    expect((await served.client(["get", "/docs/today", "-o", "-"])).stdout).toBe("today");
  });

  test("what is made, sent, renamed and removed is there", async () => {
    using here = new TemporaryFolder();
    here.file("new", "new");
    here.file("tree/leaf", "leaf");
    served.corner("work");
    const lines = ["cd work", "mkdir sub", "upload new", "upload -r tree", "upload new -o sub/"];
    const ran = await piped(here, [...lines, "mv new ../work/newer", "mv newer sub", "rm sub/new"]);
    expect(ran).toEqual(done(""));
    expect(readdirSync(served.library.at("work/sub"))).toEqual(["newer"]);
    expect(existsSync(served.library.at("work/tree/leaf"))).toBe(true);
  });

  test("cd goes to folders that there are, and to nothing above the library", async () => {
    using here = new TemporaryFolder();
    const lines = ["cd nope", "cd top.txt", "cd docs", "cd ../../..", "pwd", "cd ../docs", "pwd"];
    const ran = await piped(here, [...lines, "get ../../top.txt", "cd a b", 'cd ""']);
    expect(ran).toMatchObject({ code: 12, stdout: "/\n/docs\n" });
    expect(ran.stderr).toMatch(
      /^.*cd: there is no "nope".*\n.*cd: "top\.txt" is not a folder.*\n.*get: the name "\.\.\/top\.txt" has a "\.\." segment.*\n.*cd: too many arguments.*\n.*cd: a name is empty.*\n$/,
    );
    expect((await piped(here, ["cd -"])).stderr).toMatch(/there was no folder before/);
  });
});

describe("here", () => {
  test("files come to and go from where lcd went, ~ is the home folder", async () => {
    using here = new TemporaryFolder();
    here.file("sub/local", "local");
    here.file("home/mine", "mine");
    const lines = ["lcd sub", "upload local", "get top.txt", "lcd", "upload mine", "lpwd"];
    const more = ["get /docs/today -o ~/got", "get top.txt --to=~/too", "upload ~/mine -o '~'"];
    const ran = await piped(here, [...lines, ...more, "lcd ~/..", "lpwd"], {
      HOME: here.at("home"),
    });
    expect(ran).toEqual(done(`${here.at("home")}\n${here.path}\n`));
    expect(readFileSync(here.at("sub/top.txt"), "utf8")).toBe("top");
    const home = readdirSync(here.at("home")).filter((name) => !name.startsWith("."));
    expect(home.toSorted()).toEqual(["got", "mine", "too"]);
    for (const name of ["local", "mine", "~"]) {
      expect(existsSync(served.library.at(name))).toBe(true);
      rmSync(served.library.at(name));
    }
  });

  test("lcd goes to folders that there are", async () => {
    using here = new TemporaryFolder();
    here.file("file", "");
    const ran = await piped(here, ["lcd nope", "lcd file", "lpwd"]);
    expect(ran).toMatchObject({ code: 12, stdout: `${here.path}\n` });
    expect(ran.stderr).toMatch(/cannot go to "nope".*\n.*cannot go to "file": it is not a folder/);
  });

  test("bye leaves", async () => {
    using here = new TemporaryFolder();
    expect(await piped(here, ["bye", "nonsense"])).toEqual(done(""));
  });
});

describe("patterns", () => {
  test("stand for what matches, in the library and here", async () => {
    using here = new TemporaryFolder();
    const there = served.corner("many");
    for (const name of ["a.txt", "b.txt", "c.md", ".hidden.txt", "-dash.txt"])
      there.file(name, name);
    for (const name of ["up/1.log", "up/2.log", "up/10.log", "up/.no.log"]) here.file(name, "");
    const lines = [
      "cd many",
      "list *.txt",
      "get *.txt",
      "get -r c* -o got",
      "upload up/?.log",
      "stat [12].log --json",
      "rm ?.log",
      "checksum --algorithm crc32 -- c*",
    ];
    const ran = await piped(here, lines);
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(
      /^many\/-dash\.txt\nmany\/a\.txt\nmany\/b\.txt\n\{"path":"many\/1\.log".*\n\{"path":"many\/2\.log".*\n[0-9a-f]{8} {2}many\/c\.md\n$/,
    );
    expect(readdirSync(here.path).toSorted()).toEqual(["-dash.txt", "a.txt", "b.txt", "got", "up"]);
    expect(there.has("1.log")).toBe(false);
  });

  test("are names where they are quoted, match nothing, or name a target", async () => {
    using here = new TemporaryFolder();
    const there = served.corner("stars");
    there.file("a*b", "star");
    there.file("axb", "x");
    const lines = [
      "cd stars",
      "get 'a*b'",
      "get a\\*b -o one*",
      "get *.zip",
      "get nope/*",
      "mkdir new*",
    ];
    const ran = await piped(here, lines);
    expect(ran).toMatchObject({ code: 12, stdout: "" });
    expect(ran.stderr).toMatch(/^.*nothing matches "\*\.zip".*\n.*nothing matches "nope\/\*".*\n$/);
    expect(readdirSync(here.path).toSorted()).toEqual(["a*b", "one*"]);
    expect(existsSync(served.library.at("stars/new*"))).toBe(true);
  });

  test("one that cannot be sent does not hold up the others", async () => {
    using here = new TemporaryFolder();
    for (const name of ["good", "bad\u0007", "fine"]) here.file(name, name);
    served.corner("all");
    const ran = await piped(here, ["cd all", "upload *"]);
    expect(ran).toMatchObject({ code: 11, stdout: "" });
    expect(ran.stderr).toMatch(/^leat: upload: the name "all\/bad.*U\+0007.*\n$/);
    expect(readdirSync(served.library.at("all")).toSorted()).toEqual(["fine", "good"]);
  });
});

describe("at a terminal", () => {
  const shell = (cwd: string, env: Record<string, string> = {}) =>
    new AtTerminal([CLIENT, "client", "--server", served.server.address], { cwd, env });

  test("Tab offers what is on the side that a name is of", async () => {
    using here = new TemporaryFolder();
    here.file("docket", "");
    here.folder("local dir");
    here.file("home/mine", "");
    await using at = shell(here.path, { HOME: here.at("home") });
    await at.prompt();
    const pairs = [
      ["get do", "cs/"],
      ["get top.txt -o do", "cket "],
      ["get top.txt --to lo", "cal\\ dir/"],
      ["get top.txt --to=do", "cket "],
      ["get top.txt -o lo", "cal\\ dir/"],
      ["get top.txt -o docket do", "cs/"],
      ["upload do", "cket "],
      ["upload docket -o do", "cs/"],
      ["put docket --to=docs/to", "day "],
      ["upload ~/m", "ine "],
      ["lcd lo", "cal\\ dir/"],
      ["cd docs/d", "eep/"],
      ["get --if-exists re", "place "],
      ["get --rec", "ursive "],
      ["help upl", "oad "],
    ] as const;
    for (const [typed, added] of pairs) {
      await at.type(typed, typed);
      await at.type("\t", added);
      await at.type("\x15", "\x1b[7G");
    }
    // Tab begins where cd went.
    expect(await at.enter("cd docs/deep")).toContain("leat docs/deep> ");
    await at.type("get do", "get do");
    await at.type("\t", "wn ");
    await at.type("\x15get ../to", "get ../to");
    await at.type("\t", "day ");
  });

  test("lines are remembered over sessions, in a file that others cannot read", async () => {
    using here = new TemporaryFolder();
    const env = { XDG_STATE_HOME: here.at("state") };
    {
      await using first = shell(here.path, env);
      await first.prompt();
      await first.enter("stat top.txt");
      await first.enter(" status");
      await first.enter("pwd");
      await first.type("quit\r", "\n");
      expect(await first.exited).toBe(0);
    }
    const file = here.at("state/leat/history");
    expect(readFileSync(file, "utf8")).toBe("stat top.txt\npwd\nquit\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await using second = shell(here.path, env);
    await second.prompt();
    await second.type("\x1b[A\x1b[A\x1b[A", "stat top.txt");
  });

  test("a history is bounded, and one that cannot be had is no failure", async () => {
    using here = new TemporaryFolder();
    const lines = Array.from({ length: 5_000 }, (_, index) => `stat ${index}\n`);
    const file = here.file("state/leat/history", lines.join(""));
    {
      await using at = shell(here.path, { XDG_STATE_HOME: here.at("state") });
      await at.prompt();
      await at.type("\x1b[A", "stat 4999");
    }
    expect(readFileSync(file, "utf8")).toBe(lines.slice(-1_000).join(""));
    here.file("file", "");
    await using without = shell(here.path, { XDG_STATE_HOME: here.at("file") });
    await without.prompt();
    expect(await without.enter("pwd")).toContain("/\r\n");
  });
});
