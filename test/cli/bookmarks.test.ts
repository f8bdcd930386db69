/** `--server NAME`: bookmarks in ~/.config/leat/client.toml. */
import { expect, test } from "bun:test";
import { chmodSync, symlinkSync } from "node:fs";
import { TemporaryFolder } from "../support/folder.ts";
import { CLIENT, expectFailure, run, RunningServer, SERVER } from "./support.ts";

const PLACE = ".config/leat/client.toml";

/** `leat client` of somebody with this home folder. */
const clientOf = (
  home: TemporaryFolder,
  args: readonly string[],
  env: Record<string, string> = {},
) => run([CLIENT, "client", ...args], { env: { HOME: home.path, XDG_CONFIG_HOME: "", ...env } });

function bookmarks(home: TemporaryFolder, text: string): string {
  const path = home.file(PLACE, text);
  chmodSync(path, 0o600);
  return path;
}

test("what init prints is a bookmark, and LEAT_TOKEN_FILE is not sent where it has a token", async () => {
  using home = new TemporaryFolder();
  const init = ["server", "init", home.at("nas"), "--name", "nas.example.org"];
  const made = await run([SERVER, ...init]);
  const [, table = ""] =
    /client\.toml:\n\n((?: {2}[^\n]+\n)+)\n {2}leat client --server nas list/.exec(made.stderr)!;
  home.file("nas/library/hello", "hello");
  chmodSync(home.file(".config/leat/leat.token", made.stdout), 0o600);
  chmodSync(home.file("other.token", "leat_of_another_server"), 0o600);
  await using server = await RunningServer.start([
    "--config",
    home.at("nas/leat.toml"),
    "--port",
    "0",
  ]);
  bookmarks(home, table.replace("nas.example.org:8888", `127.0.0.1:${server.port}`));
  const other = { LEAT_TOKEN_FILE: home.at("other.token"), LEAT_TOKEN: "wrong" };
  const listed = { code: 0, stdout: "hello\n", stderr: "" };
  expect(await clientOf(home, ["--server", "nas", "list"], other)).toEqual(listed);
  expect(await clientOf(home, ["list"], { ...other, LEAT_SERVER: "nas" })).toEqual(listed);
  expect(await clientOf(home, ["--server", "nas"], { ...other, LEAT_QUIET: "1" })).toMatchObject({
    code: 0,
  });
  // A typed flag takes the place of what the bookmark says about the same.
  const wrong = await clientOf(home, [
    "--server",
    "nas",
    "--token-file",
    home.at("other.token"),
    "list",
  ]);
  expectFailure(wrong, 15, /UNAUTHENTICATED/);
  const ca = await clientOf(home, ["--server", "nas", "--ca", home.at("nas/server.pem"), "list"]);
  expect(ca).toEqual(listed);
});

test("a name without a bookmark is a host, and so is one with a port or a scheme", async () => {
  using home = new TemporaryFolder();
  bookmarks(home, '[nas]\nserver = "127.0.0.1:1"\n');
  for (const server of ["nas2.invalid", "tcp://nas.invalid", "nas.invalid:99"]) {
    expectFailure(await clientOf(home, ["--server", server, "list"]), 40, /host name is not known/);
  }
  expectFailure(
    await clientOf(home, ["--server", "nas", "list"]),
    40,
    /connect to 127\.0\.0\.1:1: /,
  );
});

test("a file that others can change is refused", async () => {
  using home = new TemporaryFolder();
  const path = bookmarks(home, '[nas]\nserver = "127.0.0.1:1"\n');
  chmodSync(path, 0o620);
  expectFailure(
    await clientOf(home, ["--server", "nas", "list"]),
    14,
    `leat: list: other users of this machine can change ${path}: chmod go-w it (PERMISSION_DENIED)`,
  );
});

test("a file that cannot be looked for is no reason to take the name for a host", async () => {
  using home = new TemporaryFolder();
  home.folder(".config");
  symlinkSync("leat", home.at(".config/leat"));
  expectFailure(
    await clientOf(home, ["--server", "nas", "list"]),
    2,
    /cannot read \S+\/client\.toml: .*too many links/,
  );
  const named = await clientOf(home, ["--server", "tcp://nas.invalid", "list"]);
  expectFailure(named, 40, /host name is not known/);
});

test("all mistakes are told, each with its line", async () => {
  using home = new TemporaryFolder();
  const path = bookmarks(
    home,
    `port = 3
[nas]
server = "127.0.0.1:1"
token = "leat_x"
[other]
pin = "sha256:0"
[third]
server = "a:b"
timeout = "long"
`,
  );
  const { code, stderr } = await clientOf(home, ["--server", "nas", "list"]);
  expect(code).toBe(2);
  for (const line of [
    `${path}:1: port: It stands in no bookmark, which begins with [NAME].`,
    `${path}:4: token: There is no such key`,
    `${path}:5: other: It has no server.`,
    `${path}:8: server: "a:b" is not a server address`,
    `${path}:9: timeout: It should be a number of seconds`,
  ]) {
    expect(stderr).toContain(`leat: list: ${line}`);
  }
});
