/** What people get wrong, one row each: one line, one exit code, nothing hung, nothing half done. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, expectFailure, run, Served } from "./support.ts";

let served: Served;
let here: TemporaryFolder;

beforeAll(async () => {
  served = await Served.start();
  here = new TemporaryFolder();
  const { library } = served;
  library.file("file", "contents");
  library.file("folder/inside", "");
  symlinkSync("/etc/passwd", library.at("outside"));
  here.file("local", "local");
  here.folder("target");
  for (const fifo of [library.at("fifo"), here.at("fifo")]) {
    expect((await run(["mkfifo", fifo])).code).toBe(0);
  }
});

afterAll(async () => {
  here[Symbol.dispose]();
  await served[Symbol.asyncDispose]();
});

describe("names in the library", () => {
  const long = "x".repeat(5000);
  test.each([
    ["get", "..", 11, 'has a ".." segment'],
    ["get", "../file", 11, 'has a ".." segment'],
    ["get", "folder/../file", 11, 'has a ".." segment'],
    ["get", "folder/..", 11, 'has a ".." segment'],
    ["get", "/etc/passwd", 12, 'there is no "etc/passwd" (NOT_FOUND)'],
    ["get", "/../file", 11, 'has a ".." segment'],
    ["get", "folder//inside", 11, "has an empty segment"],
    ["list", `folder${"/".repeat(2000)}inside`, 11, "has an empty segment"],
    ["get", "bad\u001b[31mname", 11, "has the control character U+001B"],
    ["get", "two\nlines", 11, "has the control character U+000A"],
    ["get", long, 11, "is 5000 bytes long; 4096 are allowed"],
    ["get", "y".repeat(256), 11, "has a segment of 256 bytes; 255 are allowed"],
    ["get", ".leat/partial", 11, "begins with .leat, the store's own folder"],
    ["get", "", 2, "a name is empty"],
    ["get", ".", 16, "the library itself is a folder (IS_A_DIRECTORY)"],
    ["get", "nope", 12, 'there is no "nope" (NOT_FOUND); list shows what there is'],
    ["get", "folder", 16, '"folder" is a folder (IS_A_DIRECTORY); -r fetches folders'],
    ["get", "file/", 0, ""],
    ["get", "file/deeper", 17, "it is not a folder (NOT_A_DIRECTORY)"],
    ["get", "fifo", 19, "and such things are not opened (NOT_A_REGULAR_FILE)"],
    ["get", "outside", 14, "a link leads outside the library (PERMISSION_DENIED)"],
    ["checksum", "fifo", 19, "(NOT_A_REGULAR_FILE)"],
    ["checksum", "folder", 16, "(IS_A_DIRECTORY)"],
    ["list", "file/", 17, "it is not a folder (NOT_A_DIRECTORY)"],
    ["list", "file/deeper", 17, "it is not a folder (NOT_A_DIRECTORY)"],
    ["list", "nope", 12, 'there is no "nope" (NOT_FOUND)'],
    ["list", "../", 11, 'has a ".." segment'],
    ["stat", "nope", 12, "(NOT_FOUND)"],
    ["remove", "nope", 12, "(NOT_FOUND)"],
    ["remove", "/", 10, "the library itself"],
    ...["remove", "list", "stat", "mkdir", "checksum"].map(
      (command) => [command, "", 2, "a name is empty"] as const,
    ),
    ["mkdir", "..", 11, 'has a ".." segment'],
    ["mkdir", "file", 13, "(ALREADY_EXISTS)"],
    ["mkdir", "file/x", 17, "(NOT_A_DIRECTORY)"],
  ])("%s %j ends with %d", async (command, name, code, says) => {
    const flags = command === "get" ? ["--to", `${here.at("target")}/`] : [];
    const ran = await served.client([command, ...flags, name]);
    if (code === 0) expect(ran).toEqual({ code, stdout: "", stderr: "" });
    else expectFailure(ran, code, new RegExp(`^leat: ${command}: .*${RegExp.escape(says)}`));
  });
});

describe("local files", () => {
  test("that cannot be uploaded", async () => {
    const missing = here.at("missing");
    const upload = (...args: string[]) => served.client(["upload", ...args]);
    const before = readdirSync(served.library.path);
    expectFailure(await upload(missing), 12, /^leat: upload: .*missing".* \(NOT_FOUND\)\n$/);
    expectFailure(
      await upload(here.at("target")),
      16,
      `leat: upload: "${here.at("target")}" is a folder (IS_A_DIRECTORY); -r sends folders`,
    );
    expectFailure(
      await upload(here.at("fifo")),
      19,
      /\(NOT_A_REGULAR_FILE\); upload - sends standard input\n$/,
    );
    expectFailure(await upload("/dev/null"), 19, /\(NOT_A_REGULAR_FILE\)/);
    expectFailure(await upload(here.at("local"), "--to", "../out"), 11, /\(INVALID_NAME\)/);
    expectFailure(await upload(here.at("local"), "--to", "nope/out"), 12, /there is no "nope"/);
    expectFailure(await upload(here.at("local"), "--to", "file/out"), 17, /it is not a folder/);
    expectFailure(await upload(here.at("local"), "--to", "nope/"), 12, /there is no "nope"/);
    expectFailure(await upload(here.at("local"), "--to", ""), 2, /the target is empty/);
    const named = here.file("line\nbreak", "");
    expectFailure(await upload(named), 11, /has the control character U\+000A/);
    expect(readdirSync(served.library.path).filter((name) => name !== ".leat")).toEqual(before);
  });

  test("of which one cannot be sent do not hold up the others", async () => {
    const names = ["fine", "two\nlines", "bell\u0007", "good"];
    for (const name of names) here.file(`mixed/${name}`, name);
    const bytes = Buffer.from("half-\xc3-and-\xff-\xe4\xbd\xa0.txt", "latin1");
    writeFileSync(Buffer.concat([Buffer.from(`${here.at("mixed")}/`), bytes]), "x");
    for (const recursive of [false, true]) {
      served.library.folder(`mixed-${recursive}`);
      const script = `cd "$HERE" && "$LEAT" client --server "$SERVER" upload ${recursive ? "-r" : ""} * -o mixed-${recursive}/`;
      const ran = await run(["bash", "-c", script], {
        env: { HERE: here.at("mixed"), LEAT: CLIENT, SERVER: served.server.address },
      });
      expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 11, stdout: "" });
      expect(ran.stderr.trim().split("\n").toSorted()).toEqual([
        'leat: upload: the name "half-\\xc3-and-\\xff-你.txt" is not UTF-8 and cannot be sent; upload - --to NAME sends it by another (INVALID_NAME)',
        expect.stringMatching(/bell.*has the control character U\+0007.*\(INVALID_NAME\)$/),
        expect.stringMatching(/two.*has the control character U\+000A.*\(INVALID_NAME\)$/),
      ]);
      expect(readdirSync(served.library.at(`mixed-${recursive}`)).toSorted()).toEqual([
        "fine",
        "good",
      ]);
    }
  });

  test("of downloads, too, the others come", async () => {
    const into = here.folder("gets");
    const ran = await served.client(["get", "../x", "file", "two\nlines", "-o", into]);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 11, stdout: "" });
    expect(ran.stderr).toMatch(/\.\.\/x.*\n.*two.*\n$/);
    expect(readdirSync(into)).toEqual(["file"]);
  });

  test("say that it is the folder here that is missing", async () => {
    const says = `cannot write into the folder "${here.at("nope")}": there is no such folder here (NOT_FOUND)`;
    for (const args of [["folder", "-r"], ["file", "-r"], ["file"]]) {
      const ran = await served.client(["get", ...args, "-o", here.at("nope/sub")]);
      expectFailure(ran, 12, `leat: get: ${says}`);
    }
  });

  test("say once that the folder is missing that a slash says is one", async () => {
    const to = here.at("nope/");
    const says = `there is no folder "${to}" here: make it first (NOT_FOUND)`;
    for (const args of [["file"], ["file", "folder/inside"], ["folder", "-r"], ["f*"]]) {
      const ran = await served.client(["get", ...args, "-o", to]);
      expectFailure(ran, 12, `leat: get: ${says}`);
    }
  });

  test("that cannot be written", async () => {
    const get = (to: string, ...flags: string[]) =>
      served.client(["get", "file", "--to", to, ...flags]);
    mkdirSync(here.at("target/file2/file"), { recursive: true });
    expectFailure(
      await get(here.at("target/file2")),
      16,
      /file2\/file" is a folder \(IS_A_DIRECTORY\); --to names another place\n$/,
    );
    expectFailure(await get(here.at("nope/file")), 12, /folder ".*nope\/?".*\(NOT_FOUND\)\n$/);
    expectFailure(await get(`${here.at("nope")}/`), 12, /folder ".*nope\/?".*\(NOT_FOUND\)\n$/);
    expectFailure(await get(here.at("local/x")), 17, /\(NOT_A_DIRECTORY\)/);
    expectFailure(await get(here.at("fifo")), 19, /\(NOT_A_REGULAR_FILE\)/);
    expectFailure(await get(""), 2, /--to is empty/);
    expect(statSync(here.at("fifo")).isFIFO()).toBe(true);
    expect(readdirSync(here.path).filter((name) => name.includes(".leat-"))).toEqual([]);
  });

  // Root may write everywhere.
  test.skipIf(process.getuid?.() === 0)("that this user may not touch", async () => {
    const locked = here.at("locked");
    mkdirSync(locked, { mode: 0o500 });
    writeFileSync(here.at("secret"), "", { mode: 0 });
    expectFailure(await served.client(["get", "file", "-o", `${locked}/`]), 14, /PERMISSION_/);
    expectFailure(await served.client(["upload", here.at("secret")]), 14, /PERMISSION_DENIED/);
  });
});

describe("what was typed", () => {
  test.each([
    [["get"], "leat: get: missing required argument 'REMOTE'; leat client get --help tells more"],
    [["lst"], 'unknown command "lst"; did you mean list? leat client --help tells what there is'],
    // Only the commands that are named are loaded.
    [["lst", "get"], 'unknown command "lst"; did you mean list?'],
    [["nonsense"], 'unknown command "nonsense"; leat client --help tells what there is'],
    [["list", "--al"], "leat: list: unknown option '--al' (Did you mean --all?); leat client"],
    [["mkdir"], "leat: mkdir: missing required argument 'PATH'"],
    [["ping", "a"], "leat: ping: too many arguments"],
    [["get", "x", "--if-exists", "ask"], "Allowed choices are fail, replace, skip"],
    [["rename", "a"], "leat: rename: missing required argument 'TO'"],
    [["rename", "a", "b", "--if-exists", "skip"], "Allowed choices are fail, replace"],
    [["ping", "-c", "0"], "It should be a whole number, 1 or more"],
    [["list", "--timeout", "0"], "It should be a number of seconds, like 5 or 0.5"],
    [["list", "--server", "ftp://x"], '"ftp://x" is not a server address'],
    [["list", "--server", "host:70000"], '"70000" is not a port: it should be 0 to 65535'],
    [["list", "--server", ""], '"" is not a server address: it is empty'],
    [["list", "--server", "tcp://"], '"tcp://" is not a server address: it is empty'],
    [["get", "-r", "", "-o", "all"], "leat: get: a name is empty"],
    [["get", "", "file"], "leat: get: a name is empty"],
    [["get", "", "-o", "-"], "leat: get: a name is empty"],
    [["upload", ""], "leat: upload: a name is empty"],
    [["upload", "-r", "", "-o", "all"], "leat: upload: a name is empty"],
    [["rename", "", "x"], "leat: rename: a name is empty"],
    [["rename", "x", ""], "leat: rename: the target is empty"],
    [["help", "lst"], 'unknown command "lst"; did you mean list?'],
    [["list", "--server", "unix:"], "there is no path behind unix:"],
  ])("%j is explained and ends with 2", async (args, says) => {
    expectFailure(
      await served.client(args),
      2,
      new RegExp(`^leat: .*${RegExp.escape(says.replace(/^leat: /, ""))}`),
    );
  });

  test("is not said back whole", async () => {
    const lines = [
      `${"x".repeat(300_000)}`,
      `list -${"y".repeat(300_000)}`,
      `get ${"z ".repeat(9)}'`,
    ];
    const ran = await served.client([], { stdin: lines.join("\n") });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^leat: unknown command "x+…" \(300000 characters\); type help.*\n/);
    expect(ran.stderr).toMatch(/\nleat: list: unknown option '-y+…y+'; type help list\n/);
    expect(ran.stderr.length).toBeLessThan(2_000);
    for (const command of [
      "stat",
      "rm",
      "mkdir",
      "checksum",
      "get",
      "upload",
      "list",
      "cd",
      "lcd",
      "help",
    ]) {
      const one = await served.client([], { stdin: `${command} ${"z".repeat(300_000)}\n` });
      expect(one.code).toBeGreaterThan(0);
      expect(one.stderr.length).toBeLessThan(1_000);
    }
  });

  test("help is an answer, on stdout", async () => {
    const ran = await served.client(["get", "--help"]);
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: "" });
    expect(ran.stdout).toStartWith("Usage: leat client get [options] <REMOTE...>\n");
    expect(await served.client(["help", "get"])).toEqual(ran);
    expect(await served.client(["help", "put"])).toEqual(await served.client(["upload", "--help"]));
    const all = await served.client(["--help"]);
    expect(await served.client(["--help", "get"])).toEqual(all);
    expect(await served.client(["help"])).toEqual(all);
    expect(all.stdout).toStartWith("Usage: leat client [options] [COMMAND]\n");
    for (const name of ["list|ls", "upload|put", "remove|rm", "rename|mv", "mkdir", "checksum"]) {
      expect(all.stdout).toContain(`  ${name} `);
    }
  });
});
