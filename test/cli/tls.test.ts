/** TLS on the command line: `leat server init`, certificates that are renewed, and what each side prints. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { Authority } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { client, expectFailure, run, RunningServer, SERVER } from "./support.ts";

const authority = new Authority();
const LOCAL = { name: "server", alternatives: "DNS:localhost,IP:127.0.0.1" };

const init = (folder: string, ...flags: string[]) =>
  run([SERVER, "server", "init", folder, ...flags]);

test("init makes a server to which the line for the client leads", async () => {
  using here = new TemporaryFolder();
  const folder = here.at("new");
  const { code, stdout, stderr } = await init(
    folder,
    "--user",
    "anna",
    "--name",
    "files.example.org",
  );
  expect(code).toBe(0);
  const token = here.file("leat.token", stdout);
  chmodSync(token, 0o600);
  for (const secret of ["server.key", "users.json"]) {
    expect(statSync(`${folder}/${secret}`).mode & 0o777).toBe(0o600);
  }
  expect(stderr).toContain(`\n  leat server --config ${folder}/leat.toml\n`);
  const [, line = ""] =
    /\n {2}leat client (--server tls:\/\/files\.example\.org:8888 .*) list\n\nOr by a name/.exec(
      stderr,
    )!;
  const [, pin = ""] = /^--server \S+ --pin (\S+) --token-file leat\.token$/.exec(line)!;
  writeFileSync(`${folder}/library/hello`, "hello");
  const config = [folder, "leat.toml"].join("/");
  await using server = await RunningServer.start(["--config", config, "--port", "0"]);
  expect(server.address).toStartWith("tls://0.0.0.0:");
  await server.stderr.until(pin);
  const address = `tls://127.0.0.1:${server.port}`;
  for (const trust of [
    ["--pin", pin],
    ["--ca", `${folder}/server.pem`],
  ]) {
    const listed = await client(address, ["list", ...trust, "--token-file", token]);
    expect(listed).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
  }
  expectFailure(await client(address, ["list", "--pin", pin]), 15, /asks for a token/);
});

test("the help of init has its own flags alone", async () => {
  const { stdout } = await run([SERVER, "server", "init", "--help"]);
  expect(stdout).toContain("--name <HOST>");
  expect(stdout).not.toMatch(/Global Options|--max-connections/);
});

test("init overwrites nothing", async () => {
  using here = new TemporaryFolder();
  here.file("server.key", "mine");
  expectFailure(await init(here.path), 13, /server\.key exists: nothing is changed/);
  expect(readFileSync(here.at("server.key"), "utf8")).toBe("mine");
  expect(existsSync(here.at("leat.toml"))).toBe(false);
});

test("init makes the first user after its caller, also where the environment does not say who that is", async () => {
  using here = new TemporaryFolder();
  const env = { USER: "", LOGNAME: "", HOME: here.path };
  const made = await run([SERVER, "server", "init", here.at("new")], { env });
  const self = await run(["id", "-un"]);
  expect(made.stderr).toContain(`users.json: the user ${self.stdout.trim()}\n`);
});

test("init refuses names that are none", async () => {
  using here = new TemporaryFolder();
  expectFailure(
    await init(here.at("new"), "--name", "a b"),
    2,
    /neither an address nor the name of a host/,
  );
  expectFailure(await init(here.at("new"), "--user", "a b"), 10, /cannot be the name of a user/);
  expect(existsSync(here.at("new"))).toBe(false);
});

test("SIGHUP takes a renewed certificate over, and keeps the one before if it is wrong", async () => {
  using here = new TemporaryFolder();
  const [cert, key] = [here.at("cert.pem"), here.at("key.pem")];
  const put = (from: { certFile: string; keyFile: string }): void => {
    copyFileSync(from.certFile, cert);
    copyFileSync(from.keyFile, key);
    chmodSync(key, 0o600);
  };
  put(authority.issue(LOCAL));
  const library = here.folder("library");
  const flags = ["--tls-cert", cert, "--tls-key", key, "--port", "0"];
  await using server = await RunningServer.start([library, ...flags]);
  const [, first = ""] = /certificate fingerprint=(\S+)/.exec(
    await server.stderr.until("certificate"),
  )!;
  expect((await client(server.address, ["ping", "--pin", first])).code).toBe(0);
  const after = (): number => server.stderr.text.length;

  writeFileSync(key, "nonsense");
  let at = after();
  server.child.kill("SIGHUP");
  await server.stderr.until(
    /error the (users and the )?certificate: as before .*has no private key in PEM form/,
    at,
  );
  expect((await client(server.address, ["ping", "--pin", first])).code).toBe(0);

  put(authority.issue(LOCAL));
  at = after();
  server.child.kill("SIGHUP");
  const log = await server.stderr.until("the certificate: renewed", at);
  const [, second = ""] = /certificate fingerprint=(\S+)/.exec(log)!;
  expect((await client(server.address, ["ping", "--pin", second])).code).toBe(0);
  expectFailure(
    await client(server.address, ["ping", "--pin", first]),
    15,
    /not the one that is pinned/,
  );
});

test("with client certificates a server may be reached from other machines", async () => {
  using library = new TemporaryFolder();
  const { certFile, keyFile } = authority.issue(LOCAL);
  const tls = ["--tls-cert", certFile, "--tls-key", keyFile];
  const open = [library.path, "--host", "0.0.0.0", "--port", "0", ...tls];
  expectFailure(
    await run([SERVER, "server", ...open]),
    2,
    /--tls-client-ca asks clients for certificates/,
  );
  await using server = await RunningServer.start([...open, "--tls-client-ca", authority.certFile]);
  const address = `tls://127.0.0.1:${server.port}`;
  const own = authority.issue({ name: "anna" });
  const trust = ["--ca", authority.certFile];
  const as = ["--tls-cert", own.certFile, "--tls-key", own.keyFile];
  expect((await client(address, ["list", ...trust, ...as])).code).toBe(0);
  await server.stderr.until(/info {2}hello 127\.0\.0\.1:\d+ identity=anna /);
  expectFailure(
    await client(address, ["stat", "a", "b", ...trust]),
    15,
    /^leat: stat: this server asks for a client's certificate, .* \(UNAUTHENTICATED\); --tls-cert and --tls-key name it\n$/,
  );
  expectFailure(
    await client(address, ["get", "a", "--tls-cert", "/none", "--tls-key", "/none"]),
    12,
    /^leat: get: cannot read --tls-cert \/none: .* \(NOT_FOUND\)\n$/,
  );
});

test("--insecure says what it means", async () => {
  using library = new TemporaryFolder();
  const { certFile, keyFile } = authority.selfSigned("self");
  const args = [library.path, "--port", "0", "--tls-cert", certFile, "--tls-key", keyFile];
  await using server = await RunningServer.start(args);
  const ran = await client(server.address, ["list", "--insecure", "--quiet"]);
  expect(ran.code).toBe(0);
  expect(ran.stderr).toMatch(
    /^leat: WARNING: --insecure: the server's certificate is not checked; .*\n$/,
  );
});

test.each<[string, string[], number, RegExp]>([
  [
    "a certificate without a key",
    ["--tls-cert", authority.certFile],
    10,
    /--tls-cert \S+ needs --tls-key, too/,
  ],
  [
    "a file that is not there",
    ["--tls-cert", "/nowhere", "--tls-key", "/nowhere"],
    12,
    /cannot read --tls-cert \/nowhere/,
  ],
  [
    "a Unix socket",
    ["--unix", "/tmp/x", "--tls-cert", "/nowhere"],
    2,
    /--unix listens on a path: it has no TLS/,
  ],
])("a server is not started with %s", async (_what, flags, code, why) => {
  using library = new TemporaryFolder();
  const port = flags.includes("--unix") ? [] : ["--port", "0"];
  expectFailure(await run([SERVER, "server", library.path, ...port, ...flags]), code, why);
});
