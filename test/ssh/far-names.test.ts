/** HOST:PATH in the place of --server and a name: what rsync and scp users type. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { CLIENT, quietly, run, SERVER } from "../cli/support.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { fakeSsh, realSsh, type Ssh } from "../support/ssh.ts";

const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const KINDS: [string, Ssh][] = [["a script", fakeSsh(folder)]];
const REAL = await realSsh(folder);
if (REAL === undefined) console.warn("no sshd that works is installed: its tests are skipped");
else KINDS.push(["ssh", REAL]);

/** In a folder, with nothing but the program for ssh. */
const leat = (
  cwd: string,
  { command }: Ssh,
  args: readonly string[],
  env: Record<string, string> = {},
) =>
  run([CLIENT, "client", ...args], {
    cwd,
    env: { LEAT_SSH: command.join(" "), LEAT_REMOTE_LEAT: SERVER, ...env },
  });

describe.each(KINDS)("by %s", (_name, ssh) => {
  test("get, upload and sync take whole paths of a host", async () => {
    using here = new TemporaryFolder();
    using there = new TemporaryFolder();
    const host = `localhost:${there.path}`;
    there.file("in/it's 100%", "one");
    there.file("in/b", "two");
    there.file("beside/c", "three");
    const go = (...args: string[]) => leat(here.path, ssh, args);
    expect(await go("get", `${host}/in/it's 100%`, `${host}/beside/c`)).toEqual(quietly());
    expect(readFileSync(here.at("it's 100%"), "utf8")).toBe("one");
    expect(readFileSync(here.at("c"), "utf8")).toBe("three");
    expect(await go("get", `${host}/*/b`, "-o", "matched")).toEqual(quietly());
    expect(readFileSync(here.at("matched"), "utf8")).toBe("two");
    expect(await go("get", "-r", `${host}/in`)).toEqual(quietly());
    expect(await go("get", "-r", `${host}/in/.`, "-o", "contents")).toEqual(quietly());
    for (const name of ["in", "contents"]) {
      expect(readdirSync(here.at(name)).toSorted()).toEqual(["b", "it's 100%"]);
    }
    // Into a folder that is there; beside its other names; and served itself.
    expect(await go("upload", "c", `${host}/in`)).toEqual(quietly());
    expect(readFileSync(there.at("in/c"), "utf8")).toBe("three");
    expect(await go("upload", "c", "--to", `${host}/new`)).toEqual(quietly());
    expect(readFileSync(there.at("new"), "utf8")).toBe("three");
    expect(
      await go("upload", "-r", "in", "c", `${host}/beside/`, "--if-exists", "replace"),
    ).toEqual(quietly());
    expect(readdirSync(there.at("beside")).toSorted()).toEqual([".leat", "c", "in"]);

    expect(await go("sync", "in", `${host}/made`)).toEqual(quietly());
    expect(readdirSync(there.at("made")).toSorted()).toEqual(["b", "it's 100%"]);
    there.file("made/b", "changed there");
    expect(await go("sync", `${host}/made`, "in")).toEqual(quietly());
    expect(readFileSync(here.at("in/b"), "utf8")).toBe("changed there");
    here.file("in/b", "changed again");
    const kept = ["--backup-dir", `${host}/old`];
    expect(await go("sync", "in", `${host}/made/`, ...kept)).toEqual(quietly());
    expect(readFileSync(there.at("old/b"), "utf8")).toBe("changed there");
  });
});

describe("names and hosts are told apart:", () => {
  let here: TemporaryFolder;
  beforeAll(() => {
    here = new TemporaryFolder();
    here.file("home/f", "in the home folder");
    here.file("home/a:b", "a name with a colon");
    here.file("local", "local");
    here.file("host:x", "local, with a colon");
    here.file(
      "config/leat/client.toml",
      `[mark]\nserver = "ssh://me@somewhere${here.at("home")}"\n`,
    );
  });
  afterAll(() => here[Symbol.dispose]());

  const [[, FAKE]] = KINDS as [[string, Ssh]];
  const go = (args: readonly string[], env: Record<string, string> = {}, cwd = here.path) =>
    leat(cwd, FAKE, args, { XDG_CONFIG_HOME: here.at("config"), ...env });

  test("a path without a slash at its start is in the home folder, and a bookmark is no host", async () => {
    const said = quietly("in the home folder");
    // The script stays in the folder that it is started in.
    for (const name of ["me@host:f", "host:./f", "[::1]:~/f"]) {
      expect(await go(["get", name, "-o", "-"], {}, here.at("home"))).toEqual(said);
    }
    for (const name of ["mark:f", "mark:/f"]) {
      expect(await go(["get", name, "-o", "-"])).toEqual(said);
    }
    expect(await go(["get", "-r", "mark:", "-o", "all", "--exclude", ".leat"])).toEqual(quietly());
    expect(readdirSync(here.at("all")).toSorted()).toEqual(["a:b", "f"]);
  });

  test("with a server, a name with a colon is a name", async () => {
    const server = `ssh://somewhere${here.at("home")}`;
    const said = quietly("a name with a colon");
    expect(await go(["--server", server, "get", "a:b", "-o", "-"])).toEqual(said);
    expect(await go(["get", "a:b", "-o", "-"], { LEAT_SERVER: server })).toEqual(said);
    expect(await go(["--server", server, "upload", "local", "-o", "c:d"])).toEqual(quietly());
    expect(readFileSync(here.at("home/c:d"), "utf8")).toBe("local");
    // A folder of the library has a colon before it here: there is only one host that could be meant.
    const { code } = await go(["sync", "--dry-run", "host:f", "all-of-it"], {
      LEAT_SERVER: server,
    });
    expect(code).not.toBe(2);
    expect(existsSync(here.at("all-of-it"))).toBe(false);
  });

  test.each<[string, readonly string[], RegExp]>([
    ["two hosts", ["get", "one:a", "two:b"], /"one:a" and "two:b" are on two hosts/],
    [
      "a host and a name",
      ["get", "one:a", "b"],
      /"b" is no HOST:PATH, and "one:a" is one; -o says/,
    ],
    ["two hosts of a sync", ["sync", "one:a", "two:b"], /is on this machine; here both are/],
    ["no host of a sync", ["sync", "a", "./b:c"], /as :FOLDER; here neither is/],
    ["a server and a host", ["--server", "x", "sync", "a", "b:c"], /name two servers/],
    ["a port", ["get", "host:8888"], /could be a port: write --server host:8888, or host:\.\/8888/],
    ["an address", ["get", "tls://host/x"], /is an address: --server names it/],
    ["a socket", ["get", "unix:/run/leat"], /is an address: --server names it/],
    ["a module of rsync", ["get", "host::module/x"], /is for an rsync daemon/],
    ["a home of others", ["get", "host:~bob/x"], /home folder of another user/],
    ["a way up", ["get", "host:../x"], /has a "\.\."/],
    ["a flag for ssh", ["get", "-r", "-oProxyCommand=x@host:f"], /./],
    ["a flag for ssh as a name", ["get", "--", "-oX=y@host:f"], /the user "-oX=y" is none/],
    ["a host that is none", ["get", "a b:f"], /the host "a b" is none that ssh could take/],
    ["both kinds of paths", ["get", "host:a", "host:/b"], /name them apart/],
    ["what is here, too", ["upload", "local", "host:x"], /on this machine, and could be HOST:PATH/],
    ["what is here, of a sync", ["sync", "home", "host:x"], /write \.\/host:x, or ssh:\/\/host/],
    [
      "backups elsewhere",
      ["sync", "home", "far:x", "--backup-dir", "old"],
      /on the side of TARGET: as far:FOLDER/,
    ],
  ])("%s is refused, before anything is sent", async (_, args, message) => {
    const before = FAKE.pids().length;
    const ran = await go(args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
    expect(FAKE.pids()).toHaveLength(before);
  });
});
